/** What was answered all the while, what the report of the edit said and what is served in the end, each against the recomputation of the sent events. */
import { compareJson } from '../../torture/comparison.ts';
import type { Told } from '../running/commands.ts';
import { countIds, type Definition, type Definitions, funnelId } from './definitions.ts';
import { calendarOf, metricOf, type Range, type SentEvents } from './recomputed.ts';
import type { Watch, Watched } from './watch.ts';
import { historyFromMs, liveFromMs } from './workload.ts';

export interface Findings {
  /** While definitions were edited. */
  readonly answers: number;
  readonly refused: number;
  /** Integers of the final answers that were compared. */
  readonly compared: number;
  /** Cells of the reports that were compared. */
  readonly reported: number;
  /** A sentence each; none when all is as it must be. */
  readonly wrong: readonly string[];
}

interface Judged {
  readonly definitions: Definitions;
  readonly sent: SentEvents;
  readonly watched: Watched;
  readonly seen: Watch['seen'];
  readonly address: string;
  /** Of `apply`, edit by edit. */
  readonly reports: readonly (readonly Told[])[];
}

const dayMs = 86_400_000;
/** An event is held back by less than half a day. */
const slackMs = 2 * dayMs;
const slice = 'channel';
const mostTold = 20;
const answerWithinMs = 60_000;

/** What is asked while definitions are edited: days that no live event touches, and counts of all. */
export function asksOf({ served }: Definitions): { readonly closed: readonly string[]; readonly growing: readonly string[] } {
  const path = funnelPath(closedRange(served));
  const growing = countIds.map((id) => `/v1/kpis/${id}?${rangeText(metricRange(served, id, liveFromMs + dayMs))}`);
  return { closed: [path, `${path}&slice=${slice}`], growing };
}

export async function findingsOf(judged: Judged): Promise<Findings> {
  const { watched, definitions, reports, sent } = judged;
  const wrong = [...watched.wrong, ...wrongWhile(judged)];
  let reported = 0;
  for (const [index, told] of reports.entries()) {
    const edit = definitions.edits[index];
    if (edit === undefined) continue;
    const judgement = judgeReport(told, { served: definitions.served, edit, sent });
    reported += judgement.compared;
    wrong.push(...judgement.wrong);
  }
  const end = await judgeEnd(judged);
  wrong.push(...end.wrong);
  return { answers: watched.answers, refused: watched.refused, compared: end.compared, reported, wrong: wrong.slice(0, mostTold) };
}

/** Each revision's one answer about days that are over. */
function wrongWhile({ definitions, seen, sent }: Judged): readonly string[] {
  const all = [definitions.served, ...definitions.edits];
  return [...seen].flatMap(([path, byRevision]) =>
    [...byRevision].flatMap(([revision, figures]) => {
      const of = all.find((each) => each.revision === revision);
      if (of === undefined) return [`${path} answered with revision ${revision}, which nobody defined`];
      const expected = sent.answer(of.set, of.funnel, closedRange(of), path.includes('slice=') ? slice : undefined);
      return [...figures].flatMap((text) => differencesOf(`${path} of revision ${revision}`, figuresOf(JSON.parse(text)), figuresOf(expected)).wrong);
    }),
  );
}

/** Of the total over days that are over, every cell that differs, and no other. A report names what was and is in the partitions that differ: changes are compared. */
function judgeReport(
  told: readonly Told[],
  of: { served: Definition; edit: Definition; sent: SentEvents },
): { compared: number; wrong: readonly string[] } {
  const wrong: string[] = [];
  const [report] = told.flatMap((line) => line.report ?? []);
  if (!told.some(({ outcome }) => outcome === 'switched')) wrong.push(`apply ${of.edit.file} did not switch`);
  if (report?.unexplained !== 0 || report.notCompared.length > 0) wrong.push(`the report of ${of.edit.file} says ${JSON.stringify(report)}`);
  const range = closedRange(of.served);
  const [was, is] = [entriesOf(of.served, range, of.sent), entriesOf(of.edit, range, of.sent)];
  const expected = was.flatMap((steps, index) =>
    steps.flatMap((count, step) => (is[index]?.[step] === count ? [] : [[range.from + index, step, (is[index]?.[step] ?? 0) - count].join(' ')])),
  );
  const found = told.flatMap(({ difference }) => {
    if (difference === undefined || difference.metric !== funnelId || difference.table !== 'total') return [];
    const { bucket, column, was: old, is: now } = difference;
    return column < of.served.funnel.steps.length && bucket <= range.to ? [[bucket, column, now - old].join(' ')] : [];
  });
  const [expectedSet, foundSet] = [new Set(expected), new Set(found)];
  for (const cell of expected) if (!foundSet.has(cell)) wrong.push(`the report of ${of.edit.file} lacks (bucket, step, change) ${cell}`);
  for (const cell of found)
    if (!expectedSet.has(cell)) wrong.push(`the report of ${of.edit.file} has (bucket, step, change) ${cell}, recomputed is none`);
  return { compared: expected.length, wrong: wrong.slice(0, mostTold) };
}

/** Live traffic has ended, all is folded: every revision that is worked on, over all days. */
async function judgeEnd({ definitions, sent, address, reports }: Judged): Promise<{ compared: number; wrong: readonly string[] }> {
  const { served, edits } = definitions;
  const edit = edits[reports.length - 1] ?? edits[0];
  const total = { compared: 0, wrong: [] as string[] };
  const judge = async (path: string, expected: object): Promise<void> => {
    const response = await fetch(address + path, { signal: AbortSignal.timeout(answerWithinMs) });
    const body: object = JSON.parse(await response.text());
    const { compared, wrong } = differencesOf(`${response.status} ${path}`, figuresOf(body), figuresOf(expected));
    total.compared += compared;
    total.wrong.push(...wrong);
  };
  for (const definition of [served, edit]) {
    const range = metricRange(definition, funnelId, sent.latestMs);
    for (const sliced of [undefined, slice]) {
      const path = `${funnelPath(range)}&revision=${definition.revision}${sliced === undefined ? '' : `&slice=${sliced}`}`;
      await judge(path, sent.answer(definition.set, definition.funnel, range, sliced));
    }
    for (const id of countIds) {
      const ofCount = metricRange(definition, id, sent.latestMs);
      await judge(`/v1/kpis/${id}?${rangeText(ofCount)}`, sent.answer(definition.set, metricOf(definition.set, id), ofCount));
    }
  }
  return total;
}

interface NamedRange extends Range {
  readonly names: readonly [string, string];
}

/** Days that no live event touches: its window may begin in none of them, nor may one that was held back. */
function closedRange(of: Definition): NamedRange {
  return metricRange(of, funnelId, liveFromMs - 7 * dayMs - slackMs);
}

/** From the first event of the history on. */
function metricRange({ set }: Definition, id: string, toMs: number): NamedRange {
  const calendar = calendarOf(metricOf(set, id));
  const range = { from: calendar.bucketOf(historyFromMs - dayMs), to: calendar.bucketOf(toMs) };
  return { ...range, names: [calendar.name(range.from), calendar.name(range.to)] };
}

function funnelPath(range: NamedRange): string {
  return `/v1/funnels/${funnelId}?${rangeText(range)}&by=bucket`;
}

function rangeText({ names: [from, to] }: NamedRange): string {
  return new URLSearchParams({ from, to }).toString();
}

function entriesOf({ set, funnel }: Definition, range: Range, sent: SentEvents): readonly (readonly number[])[] {
  const answer = sent.answer(set, funnel, range);
  if (!('buckets' in answer) || answer.buckets === undefined) throw new Error(`${funnelId} was not recomputed by bucket`);
  return answer.buckets.map((bucket) => ('steps' in bucket ? bucket.steps.map(({ entries }) => entries) : []));
}

/** Without what says when it was answered, and whether a day is over. */
function figuresOf(answer: object): unknown {
  const figures: { buckets?: unknown; slices?: unknown } = { ...answer };
  return JSON.parse(
    JSON.stringify({ buckets: figures.buckets, slices: figures.slices }, (name, value: unknown) => (name === 'complete' ? undefined : value)),
  );
}

function differencesOf(what: string, served: unknown, expected: unknown): { compared: number; wrong: readonly string[] } {
  const { cells, differences } = compareJson(served, expected);
  const wrong = differences
    .slice(0, mostTold)
    .map(({ path, served: is, expected: must }) => `${what}${path} is ${String(is)}, recomputed ${String(must)}`);
  return { compared: cells, wrong: cells === 0 ? [`${what}: nothing was compared`] : wrong };
}
