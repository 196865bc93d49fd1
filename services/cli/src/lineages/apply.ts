/** `apply`: begins the lineage of a file, waits until it has caught up, says what differs, and lets readers go over to it. */
import { createInterface } from 'node:readline/promises';
import type { KnownLineage } from '@tidemark/pipeline';
import { createProgress, type ExitCode, exitCodes, exitError } from '@tidemark/runtime';
import type { Deployment } from '../operate/deployment.ts';
import type { Output } from '../terminal-output.ts';
import { caughtUp, placeOf } from './catch-up.ts';
import { costOf } from './cost.ts';
import { about, decide } from './decide.ts';
import { type DifferenceReport, reportDifferences, reportWords } from './difference-report.ts';
import { type OpenLineages, openLineages } from './open.ts';
import { FROM_LOG, type Plan, planOf, refusalOf, saysTheSame, settingsOf } from './plan.ts';
import { costWords, planWords } from './plan-words.ts';

export interface ApplyOptions {
  readonly path: string;
  readonly by: string;
  /** Nobody is asked. */
  readonly yes: boolean;
  /** Of a set whose past was rebuilt from the archive: what came late may leave its figures again. */
  readonly fromLog: boolean;
  readonly json: boolean;
}

/** What is done about a plan, all of it told to people; of JSON one object a line. */
interface Applying {
  readonly plan: Plan;
  readonly options: ApplyOptions;
  readonly opened: OpenLineages;
  readonly output: Output;
}

/** So many differing integers are printed one by one. */
const MAX_NAMED = 50_000;

/** `plan`: prints what `apply` would do; changes nothing. */
export async function plan(deployment: Deployment, { path, json }: Pick<ApplyOptions, 'path' | 'json'>, output: Output): Promise<ExitCode> {
  const opened = await openLineages(deployment, output);
  try {
    const settings = settingsOf(deployment);
    const found = planOf(path, await opened.state(), settings);
    const cost = found.act === 'start' ? await costOf(found, opened, settings) : null;
    if (json) output.data(JSON.stringify({ plan: planFacts(found), cost }));
    else for (const line of [...planWords(found), ...(cost === null ? [] : costWords(cost))]) output.data(line);
    return exitCodes.ok;
  } finally {
    await opened.close();
  }
}

/** Exit 0 when the file is served, 1 when readers were not asked to go over or a rebuilt set would lose what came late, 5 when cells differ without a reason. May be ended and run again: it goes on. */
export async function apply(deployment: Deployment, options: ApplyOptions, output: Output): Promise<ExitCode> {
  const opened = await openLineages(deployment, output);
  try {
    const found = planOf(options.path, await opened.state(), settingsOf(deployment));
    for (const line of planWords(found)) output.message(line);
    if (options.json) output.data(JSON.stringify({ plan: planFacts(found) }));
    const refusal = options.fromLog ? null : refusalOf(found);
    if (refusal !== null) throw exitError(exitCodes.failed, refusal);
    return await applyPlan({ plan: found, options, opened, output });
  } finally {
    await opened.close();
  }
}

async function applyPlan(applying: Applying): Promise<ExitCode> {
  const { plan: found, options, opened, output } = applying;
  const { set, lineage, file, serving, act } = found;
  const ofSet = { set: set.name, lineage, revision: set.revision };
  const known = found.state?.lineages.find((each) => each.lineage === lineage);
  if (act === 'start') await decide(opened.journal, options.by, { kind: 'start', ...ofSet, files: [file], ...FROM_LOG });
  else if (known !== undefined && !saysTheSame(known, file)) await decide(opened.journal, options.by, { kind: 'describe', ...ofSet, files: [file] });
  if (act === 'nothing' || act === 'describe') return tellEnd(applying, 'served', null);
  output.message(`lineage ${lineage} is worked on beside what is served; ending this command ends nothing, run it again to go on`);
  await caughtUp(lineage, serving?.lineage ?? null, opened, output);
  const report = serving === null ? null : await compared(serving.lineage, applying);
  if (report !== null) tellReport(report, applying);
  const refusal = await mayNotSwitch(report, applying);
  if (refusal !== null) return tellEnd(applying, 'not_switched', report, refusal);
  const positions = report === null || report.positions.length === 0 ? (await placeOf(serving?.lineage ?? lineage, opened)).closed : report.positions;
  await decide(opened.journal, options.by, { kind: 'switch', ...ofSet, positions });
  return tellEnd(applying, 'switched', report);
}

async function compared(before: string, { plan: found, opened, output }: Applying): Promise<DifferenceReport> {
  const progress = createProgress({ stream: output.messages, label: 'comparing', unit: 'integers', env: output.env });
  const report = await reportDifferences(found, before, opened, progress.add);
  progress.finish();
  return report;
}

function tellReport(report: DifferenceReport, { options, output }: Applying): void {
  const { differences, ...summary } = report;
  for (const [index, line] of reportWords(report).entries())
    output.message(index > 0 && report.unexplained > 0 && /UNEXPLAINED|no reason/.test(line) ? output.style.red(line) : line);
  if (!options.json) return;
  for (const difference of differences.slice(0, MAX_NAMED)) output.data(JSON.stringify({ difference }));
  output.data(JSON.stringify({ report: summary }));
}

/** Why readers stay, or null when they may go over. */
async function mayNotSwitch(report: DifferenceReport | null, { plan: { set, lineage }, options, output }: Applying): Promise<string | null> {
  const isAlarming = report !== null && report.unexplained > 0;
  if (options.yes) return isAlarming ? 'cells differ without a reason, which only a person may accept: run it on a terminal without --yes' : null;
  const answer = await ask(
    `Let readers of ${set.name} go over to lineage ${lineage}${isAlarming ? ', although cells differ without a reason' : ''}? [y/N] `,
  );
  if (answer === null) return 'there is no terminal to ask: run it again with --yes to go over';
  if (!answer) output.message('nothing was switched');
  return answer ? null : 'you said no';
}

/** Null without a terminal. */
async function ask(question: string): Promise<boolean | null> {
  if (process.stdin.isTTY !== true) return null;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(question)).trim());
  } finally {
    lines.close();
  }
}

function tellEnd(applying: Applying, outcome: 'served' | 'switched' | 'not_switched', report: DifferenceReport | null, why = ''): ExitCode {
  const { plan: found, options, output } = applying;
  const { set, lineage, serving } = found;
  if (options.json)
    output.data(JSON.stringify({ outcome, set: set.name, lineage, previous: serving?.lineage ?? null, ...(why === '' ? {} : { why }) }));
  if (outcome === 'not_switched') {
    output.message(output.style.yellow(`readers stay where they are: ${why}; lineage ${lineage} goes on catching up`));
    return report !== null && report.unexplained > 0 ? exitCodes.checkFailed : exitCodes.failed;
  }
  if (outcome === 'served') output.message(`${set.name} is served as ${options.path} says`);
  else output.message(`readers of ${set.name} go over to lineage ${lineage} within seconds${wayBack(serving)}`);
  return exitCodes.ok;
}

function wayBack(serving: KnownLineage | null): string {
  if (serving === null) return '';
  return `; ${serving.lineage} is worked on too: tidemark rollback ${serving.set} goes back to it, tidemark retire ${serving.lineage} ends it`;
}

function planFacts({ set, lineage, serving, change, otherFold, otherPast, act }: Plan): object {
  return { set: set.name, act, lineage, revision: set.revision, serving: serving === null ? null : about(serving), otherFold, otherPast, change };
}
