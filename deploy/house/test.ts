// `npm test`: every check of the project in order, stopping at the first that fails, with a table of what each took and the true test counts at the end.
// `npm test -- STAGE…` runs only the named stages; `--keep-going` runs the rest after a failure.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runToEnd } from './process-group.ts';
import { type Stage, stages, totalBoundS, totalBudgetS } from './stages.ts';
import { addCounts, type Counts, closingLine, type Outcome, readCounts, table } from './tally.ts';

interface Wanted {
  readonly stages: readonly Stage[];
  readonly keepGoing: boolean;
}

function wanted(args: readonly string[]): Wanted | string {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { 'keep-going': { type: 'boolean', default: false } },
  });
  const unknown = positionals.filter((name) => stages.every((stage) => stage.name !== name));
  if (unknown.length > 0) return `No stage ${unknown.join(', ')}; there are ${stages.map((stage) => stage.name).join(', ')}.`;
  return { stages: stages.filter((stage) => positionals.length === 0 || positionals.includes(stage.name)), keepGoing: values['keep-going'] };
}

async function runStage(stage: Stage, scratch: string, remainingMs: number): Promise<Outcome> {
  console.log(`\n== ${stage.name}: ${stage.command.join(' ')}`);
  const report = join(scratch, `${stage.name}.json`);
  const startedAt = performance.now();
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', ...(stage.reports ? { HOUSE_TEST_REPORT: report } : {}) };
  const end = await runToEnd(stage.command, { env, timeoutMs: remainingMs });
  const counts: Counts | undefined = existsSync(report) ? readCounts(readFileSync(report, 'utf8')) : undefined;
  const lostReport = stage.reports && end.code === 0 && counts === undefined;
  if (lostReport) console.error(`${stage.name}: the run left no report, so its tests cannot be counted.`);
  return { stage, seconds: (performance.now() - startedAt) / 1000, passed: end.code === 0 && !lostReport, ended: end.reason, counts };
}

async function runAll({ stages: chosen, keepGoing }: Wanted, scratch: string): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const deadline = performance.now() + totalBoundS * 1000;
  for (const stage of chosen) {
    const outcome = await runStage(stage, scratch, Math.max(1, deadline - performance.now()));
    outcomes.push(outcome);
    if (outcome.ended === 'interrupted' || (!outcome.passed && !keepGoing)) break;
  }
  return outcomes;
}

async function main(): Promise<number> {
  const plan = wanted(process.argv.slice(2));
  if (typeof plan === 'string') {
    console.error(plan);
    return 2;
  }
  const scratch = mkdtempSync(join(tmpdir(), 'tidemark-test-'));
  try {
    const outcomes = await runAll(plan, scratch);
    const counts = addCounts(outcomes.flatMap((outcome) => outcome.counts ?? []));
    console.log(`\n${table(outcomes, plan.stages, totalBudgetS)}\n`);
    const failed = outcomes.filter((outcome) => !outcome.passed);
    for (const outcome of failed)
      console.log(
        `Stage ${outcome.stage.name} failed${outcome.ended === 'ended' ? '' : ` (${outcome.ended})`}: run it alone with \`npm test -- ${outcome.stage.name}\`.`,
      );
    if (outcomes.some((outcome) => outcome.counts !== undefined)) console.log(closingLine(counts));
    return failed.length === 0 ? 0 : 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

process.exitCode = await main();
