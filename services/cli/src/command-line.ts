/** The commands, their arguments and flags; each loads its own code only when it is called. */
import { resolve } from 'node:path';
import { type ExitCode, exitCodeOf, exitCodes, exitError } from '@tidemark/runtime';
import { Command, CommanderError, Option } from 'commander';
import { ROLES, type Role } from './access/rights.ts';
import { type CliConfig, demoSets, readCliConfig } from './config.ts';
import { isApiPath } from './eval/api-path.ts';
import { type EventMap, parseEventMap } from './events/event-map.ts';
import { timeReader } from './events/time-format.ts';
import { addLineageCommands } from './lineages/commands.ts';
import { addOperatorCommands } from './operate/commands.ts';
import { addRebuildCommand } from './rebuild/command.ts';
import type { Output } from './terminal-output.ts';
import { withExitCode } from './unreachable.ts';

/** Runs one command line (without node and file) and gives its exit code; never rejects. */
export async function runCommandLine(
  args: readonly string[],
  output: Output,
  stdin: AsyncIterable<Buffer | string> = process.stdin,
): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok;
  const program = createProgram({
    args,
    output,
    stdin,
    ended: (with_) => {
      code = with_;
    },
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return isHelp(error) ? exitCodes.ok : exitCodes.usage;
    output.message(output.style.red(error instanceof Error ? error.message : String(error)));
    return exitCodeOf(withExitCode(error));
  }
}

function isHelp({ code, exitCode }: CommanderError): boolean {
  return exitCode === 0 && (code === 'commander.help' || code === 'commander.helpDisplayed' || code === 'commander.version');
}

interface Call {
  readonly args: readonly string[];
  readonly output: Output;
  readonly stdin: AsyncIterable<Buffer | string>;
  readonly ended: (code: ExitCode) => void;
}

function createProgram(call: Call): Command {
  const { output } = call;
  const program = new Command('tidemark')
    .description('Exact, live retention, activation and funnel figures from Kafka.')
    .showSuggestionAfterError()
    .showHelpAfterError('(see --help)')
    .exitOverride()
    .configureOutput({ writeOut: (text) => output.data(text.trimEnd()), writeErr: (text) => output.message(text.trimEnd()) });
  addUp(program, call);
  addDoctor(program, call);
  addReplay(program, call);
  addEval(program, call);
  addCheck(program, call);
  addVerify(program, call);
  addExplain(program, call);
  addLineageCommands(program, call);
  addOperatorCommands(program, call);
  addRebuildCommand(program, call);
  return program;
}

function addUp(program: Command, { output, ended }: Call): void {
  program
    .command('up')
    .description('start engines (unless their URLs are set), migrations, worker, archiver and query service; Ctrl-C stops them')
    .option('--demo', 'add the sample traffic of a car dealer, sixty days of it and then live')
    .option('--metrics <file...>', 'definition files (default: TIDEMARK_METRICS, else the three sample sets; with --demo always these)')
    .action(async (flags: { demo?: true; metrics?: string[] }) => {
      const { up } = await import('./up/up.ts');
      const config = withMetrics(readCliConfig(output.env), flags.metrics ?? (flags.demo === true ? demoSets : undefined));
      ended(await up(config, { demo: flags.demo === true }, output));
    });
}

function addDoctor(program: Command, { output, ended }: Call): void {
  program
    .command('doctor')
    .description('check Node, Java, ports, memory, disk, the engines and the definitions; each failing line says the fix')
    .addOption(new Option('--role <role...>', 'try every right that this role needs of the engines, with the logins that are set').choices(ROLES))
    .option('--json', 'one JSON object')
    .action(async (flags: { json?: true; role?: Role[] }) => {
      const { doctor } = await import('./doctor.ts');
      ended(await doctor(readCliConfig(output.env), { json: flags.json === true, roles: flags.role ?? [] }, output));
    });
}

interface ReplayFlags {
  readonly map?: EventMap;
  readonly format?: 'csv' | 'ndjson';
  readonly brokers?: string;
  readonly namespace?: string;
  readonly partitions?: number;
  readonly createTopic?: true;
  readonly query?: string;
  readonly metrics?: string[];
  readonly late?: true;
  readonly skipBad?: true;
  readonly sortMemory: number;
  readonly json?: true;
}

function addReplay(program: Command, { output, ended }: Call): void {
  addFileOptions(
    program
      .command('replay')
      .description('send a CSV or NDJSON file, plain or gzipped, into Kafka in time order')
      .argument('<file>', 'the file; a CSV file needs a header row'),
  )
    .option('--brokers <host:port,…>', 'default: TIDEMARK_KAFKA_BROKERS, else those of the running up')
    .option('--namespace <name>', 'default: TIDEMARK_NAMESPACE, else tidemark')
    .option('--create-topic', 'create the events topic where it is absent')
    .option('--partitions <count>', 'of the topic to create (default: TIDEMARK_PARTITIONS, else 12)', wholeNumber)
    .option('--query <url>', 'the query service that knows from when on events are late')
    .option('--metrics <file...>', 'definition files of the running deployment, to find its clocks in TIDEMARK_REDIS_URL')
    .option('--late', 'send the file although it begins too early to be counted in full')
    .option('--sort-memory <MiB>', 'a file out of order is sorted up to this size', wholeNumber, 512)
    .option('--json', 'the summary as one JSON object')
    .action(async (file: string, flags: ReplayFlags) => {
      const [{ replay }, { readRunningUp }] = await Promise.all([import('./replay/replay.ts'), import('./running-up.ts')]);
      const config = withMetrics(readCliConfig(output.env), flags.metrics);
      const isElsewhere = flags.brokers !== undefined || config.kafkaBrokers !== null;
      const running = isElsewhere ? null : await readRunningUp(config.dataFolder);
      const brokers = flags.brokers?.split(',').map((broker) => broker.trim()) ?? config.kafkaBrokers ?? running?.kafkaBrokers;
      if (brokers === undefined)
        throw exitError(exitCodes.usage, 'no Kafka to replay into: start one with tidemark up, or name it with --brokers or TIDEMARK_KAFKA_BROKERS');
      const namespace = flags.namespace ?? running?.namespace ?? config.namespace;
      const { partitions, latenessMs, metrics, redisUrl, access } = config;
      // Another namespace than that of the running up has clocks of its own, which it does not serve.
      const queryUrl = flags.query ?? (running !== null && running.namespace === namespace ? running.httpUrl : null);
      const code = await replay(
        {
          path: file,
          map: flags.map ?? new Map(),
          format: flags.format,
          brokers,
          access: access.kafka,
          namespace,
          partitioner: config.partitioner,
          createPartitions: flags.createTopic === true ? (flags.partitions ?? partitions) : null,
          deployment: { queryUrl, redisUrl, redisAccess: access.redis, namespace, partitions: flags.partitions ?? partitions, metrics, latenessMs },
          late: flags.late === true,
          skipBad: flags.skipBad === true,
          sortMemoryBytes: flags.sortMemory * 1024 * 1024,
          json: flags.json === true,
        },
        output,
      );
      ended(code);
    });
}

interface EvalFlags {
  readonly metrics: string[];
  readonly events: string[];
  readonly map?: EventMap;
  readonly format?: 'csv' | 'ndjson';
  readonly asOf?: number;
  readonly skipBad?: true;
}

function addEval(program: Command, { args, output, stdin, ended }: Call): void {
  addFileOptions(
    program
      .command('eval')
      .description('answer paths of the query service from files of events, without engines: one JSON body per path')
      .argument('[path...]', 'such as "/v1/retention/ID?from=2026-11-01"; - reads paths from stdin'),
  )
    .requiredOption('--metrics <file...>', 'definition files')
    .requiredOption('--events <file...>', 'CSV or NDJSON files, plain or gzipped')
    .option('--as-of <time>', 'ISO time (UTC unless it says otherwise): ignore later events, and set the watermark here', timeArgument)
    .action(async (_: readonly string[], flags: EvalFlags) => {
      // A list of files takes all that follows it, so paths are told apart by how they begin.
      const paths = args.filter(isApiPath);
      const files = { metrics: flags.metrics.filter(isFile), events: flags.events.filter(isFile) };
      const stray = _.find((path) => !isApiPath(path));
      if (stray !== undefined) throw exitError(exitCodes.usage, `${stray} is no path of the query service: expected one such as /v1/retention/ID`);
      if (paths.length === 0) throw exitError(exitCodes.usage, 'no path to answer: add one such as /v1/retention/ID, or - to read paths from stdin');
      for (const name of ['metrics', 'events'] as const) if (files[name].length === 0) throw exitError(exitCodes.usage, `--${name} needs a file`);
      const { evaluate } = await import('./eval/eval.ts');
      const { latenessMs } = readCliConfig(output.env);
      const code = await evaluate(
        {
          ...files,
          map: flags.map ?? new Map(),
          format: flags.format,
          asOfMs: flags.asOf,
          latenessMs,
          skipBad: flags.skipBad === true,
          paths: withStdin(paths, stdin),
        },
        output,
      );
      ended(code);
    });
}

function addCheck(program: Command, { output, ended }: Call): void {
  program
    .command('check')
    .description('every mistake of definition files with line and column; otherwise each metric in a sentence, with its bounds')
    .argument('<file...>', 'definition files, YAML or JSON')
    .option('--json', 'one JSON object')
    .action(async (files: string[], flags: { json?: true }) => {
      const { check } = await import('./check.ts');
      ended(check({ files, json: flags.json === true }, output));
    });
}

function addVerify(program: Command, { output, ended }: Call): void {
  program
    .command('verify')
    .description('recompute what Redis and ClickHouse serve from the archive, and name every cell that differs')
    .option('--metric <id>', 'compare one metric only')
    .option('--set <name...>', 'these sets only (default: all)')
    .option(
      '--metrics <file...>',
      'definition files (default: what the journal says is served, before it begins those of TIDEMARK_METRICS or of the running up)',
    )
    .option('--json', 'one JSON object per difference, then one with the summary')
    .action(async (flags: { metric?: string; set?: string[]; metrics?: string[]; json?: true }) => {
      const [{ archiveUrl, verify }, { readRunningUp }] = await Promise.all([import('./verify/verify.ts'), import('./running-up.ts')]);
      const config = withMetrics(readCliConfig(output.env), flags.metrics);
      const running = config.clickhouseUrl === null ? await readRunningUp(config.dataFolder) : null;
      const isChosen = flags.metrics !== undefined || output.env['TIDEMARK_METRICS'] !== undefined;
      ended(
        await verify(
          {
            ...config,
            metrics: isChosen ? config.metrics : (running?.metrics ?? config.metrics),
            fromJournal: flags.metrics === undefined,
            sets: flags.set ?? [],
            metric: flags.metric,
            clickhouseUrl: archiveUrl(config.clickhouseUrl ?? running?.clickhouseUrl),
            redisUrl: config.redisUrl ?? running?.redisUrl ?? null,
            namespace: running?.namespace ?? config.namespace,
            json: flags.json === true,
          },
          output,
        ),
      );
    });
}

interface ExplainFlags {
  readonly query?: string;
  readonly kind?: string;
  readonly from?: string;
  readonly to?: string;
  readonly slice?: string;
  readonly after?: string;
  readonly limit?: number;
  readonly json?: true;
}

function addExplain(program: Command, { output, ended }: Call): void {
  program
    .command('explain')
    .description("one actor's events in time order, what became of each, and the integers that they add to a metric now")
    .argument('<metric>', 'id of a metric')
    .argument('<actor>', 'userId or anonymousId, as producers write it')
    .option('--query <url>', 'the query service (default: that of the running up)')
    .addOption(new Option('--kind <kind>', 'where a user and an anonymous actor have one id').choices(['user', 'anonymous']))
    .option('--from <bucket>', 'of the contributions (default: the first event)')
    .option('--to <bucket>', 'of the contributions (default: the watermark or the last event)')
    .option('--slice <slice>', 'contributions by the values of a slice instead of to the total')
    .option('--limit <count>', 'events of one page (default: 100)', wholeNumber)
    .option('--after <place>', 'the events that follow, as the page before said')
    .option('--json', "the service's answer as it is")
    .action(async (metric: string, actor: string, { query, json, ...flags }: ExplainFlags) => {
      const [{ explain }, { readRunningUp }] = await Promise.all([import('./explain/explain.ts'), import('./running-up.ts')]);
      const config = readCliConfig(output.env);
      const queryUrl = query ?? (await readRunningUp(config.dataFolder))?.httpUrl;
      if (queryUrl === undefined || !URL.canParse(queryUrl))
        throw exitError(exitCodes.usage, 'no query service to ask: start one with tidemark up, or name its URL with --query');
      const parameters = Object.fromEntries(Object.entries(flags).map(([name, value]) => [name, String(value)]));
      ended(await explain({ metric, actor, queryUrl, key: config.apiKey, parameters, json: json === true }, output));
    });
}

function addFileOptions(command: Command): Command {
  return command
    .addOption(new Option('--map <map>', `CSV columns, such as "user=customer,event='Purchase',time=date:yyyymmdd"`).argParser(mapArgument))
    .addOption(new Option('--format <format>', "default: by the file's name").choices(['csv', 'ndjson']))
    .option('--skip-bad', 'go on without the rows that make no event');
}

function isFile(argument: string): boolean {
  return !isApiPath(argument);
}

function mapArgument(text: string): EventMap {
  const parsed = parseEventMap(text);
  if (!parsed.ok) throw exitError(exitCodes.usage, `--map: ${parsed.problem}`);
  return parsed.map;
}

function timeArgument(text: string): number {
  const read = timeReader('iso');
  const timeMs = typeof read === 'function' ? read(text) : Number.NaN;
  if (Number.isNaN(timeMs)) throw exitError(exitCodes.usage, `--as-of ${JSON.stringify(text)}: expected an ISO time such as 2026-11-02T10:00:00Z`);
  return timeMs;
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw exitError(exitCodes.usage, `${JSON.stringify(text)}: expected a whole number of at least 1`);
  return Number(text);
}

function withMetrics(config: CliConfig, files: readonly string[] | undefined): CliConfig {
  return files === undefined ? config : { ...config, metrics: files.map((file) => resolve(file)) };
}

/** The paths in order, with those of stdin, one a line, in the place of each `-`. */
async function* withStdin(paths: readonly string[], stdin: AsyncIterable<Buffer | string>): AsyncGenerator<string> {
  for (const path of paths) {
    if (path !== '-') yield path;
    else {
      let text = '';
      for await (const chunk of stdin) {
        const lines = (text + chunk.toString()).split('\n');
        text = lines.pop() ?? '';
        for (const line of lines) if (line.trim() !== '') yield line.trim();
      }
      if (text.trim() !== '') yield text.trim();
    }
  }
}
