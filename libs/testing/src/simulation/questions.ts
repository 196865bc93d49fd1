/** Clients that ask while everything is in trouble: each answer must be the undisturbed fold at the positions that it names. */
import { createCalendars, type MetricDefinition, type MetricSet } from '@tidemark/core';
import {
  type AnswerBody,
  type Answered,
  type Answerer,
  type AnswerQuery,
  answerFromRows,
  type Catalogue,
  createAnswerer,
  createCatalogue,
  type PartitionRows,
  QueryRefused,
  type ServedMetric,
  type ServedSet,
  Unavailable,
  versionOf,
} from '@tidemark/pipeline';
import type { Random } from '../generator/random.ts';
import type { Engines } from './engines.ts';
import type { Reference } from './reference.ts';
import type { Schedule, SimulatedProcess } from './schedule.ts';
import { START_MS } from './traffic.ts';
import { type Checker, Violation } from './violation.ts';

export interface ReaderOptions {
  readonly checker: Checker;
  readonly engines: Engines;
  readonly schedule: Schedule;
  readonly sets: readonly ServedSet[];
  readonly partitions: readonly number[];
  readonly latenessMs: number;
  /** The histories of a partition of a lineage, and the epochs that a position may be of. */
  readonly historiesOf: (lineage: string, partition: number) => readonly Reference[];
  readonly epochs: readonly number[];
  readonly count: (name: string) => void;
  readonly say: (text: string) => void;
  readonly fail: (error: unknown) => void;
}

/** One process of the answer code. */
export class Reader {
  readonly process: SimulatedProcess;
  /** Questions without an answer yet. */
  open = 0;
  readonly #answerer: Answerer;
  readonly #catalogue: Catalogue;
  readonly #options: ReaderOptions;

  constructor(process: SimulatedProcess, options: ReaderOptions) {
    const { engines, schedule, sets, partitions, latenessMs } = options;
    this.process = process;
    this.#options = options;
    this.#catalogue = createCatalogue(withoutRepetition(sets));
    const lineages = sets.map(({ lineage }) => lineage);
    this.#answerer = createAnswerer({
      lineages: () => lineages,
      partitions,
      stores: engines.readersOf(process, schedule),
      latenessMs,
      clock: schedule.clockOf(process),
    });
  }

  /** Asks one question; the answer is looked at when it comes. Resolves to whether there was one. */
  async ask(random: Random): Promise<boolean> {
    const { count, say, fail } = this.#options;
    const { metrics } = this.#catalogue;
    const served = metrics[random.whole(0, metrics.length - 1)];
    if (served === undefined) return true;
    const query = drawQuery(random, served.metric, this.#options.schedule.nowMs);
    this.open++;
    say(`${this.process.name} asks ${served.metric.id} ${JSON.stringify(query)}`);
    try {
      const answered = await this.#answerer.answer(served, query);
      count('answer');
      say(`${this.process.name} is told ${JSON.stringify(answered.body.asOf.positions)} by ${answered.body.asOf.source}`);
      if (answered.cached) count('answer that was kept');
      this.#check(served, query, answered.body);
      return true;
    } catch (error) {
      if (error instanceof Unavailable) count('no store can answer');
      else
        fail(error instanceof QueryRefused ? new Violation('Q', `${served.metric.id} ${JSON.stringify(query)} is refused: ${error.message}`) : error);
      return false;
    } finally {
      this.open--;
    }
  }

  /** Q: equal to what the undisturbed fold answers at the positions that are named, with one history per partition. */
  #check(served: ServedMetric, query: AnswerQuery, body: AnswerBody): void {
    const { checker, partitions } = this.#options;
    checkShape(checker, body);
    const candidates = partitions.map((partition) => this.#prefixes(body, partition));
    const told = essence(body);
    let said = '';
    for (const combination of combinations(candidates)) {
      said = essence(this.#expected(served, { ...query, from: body.from, to: body.to }, combination).body);
      if (said === told) return;
    }
    checker.broken(
      'answer is the fold',
      `${served.metric.id} ${JSON.stringify(query)} at ${JSON.stringify(body.asOf)}: ${told}\n the fold says\n${said}`,
    );
  }

  #prefixes(body: AnswerBody, partition: number): PartitionRows[] {
    const { historiesOf, epochs } = this.#options;
    const next = Number(body.asOf.positions[String(partition)]);
    return historiesOf(body.lineage, partition).flatMap((reference) =>
      epochs.flatMap((epoch): PartitionRows[] => {
        const version = versionOf(epoch, next);
        const facts = reference.factsAt(version);
        if (facts === undefined) return [];
        const { clockMs, overflow } = facts;
        const note = { clockMs, overflow, counters: JSON.parse(facts.counters), partitionCount: 1, publishedAtMs: 0, confirmedAtMs: 0 };
        const head = { closed: version, target: version, note: { ...note, atEnd: true, fingerprint: '' } };
        return [{ partition, head, rows: reference.rowsAt(version) }];
      }),
    );
  }

  #expected(served: ServedMetric, query: AnswerQuery, partitions: readonly PartitionRows[]): Answered {
    const { latenessMs, schedule } = this.#options;
    return answerFromRows({ served, query, partitions, latenessMs, nowMs: schedule.nowMs, source: 'redis' });
  }
}

/** Two sets of a world may have a metric in common; a service refuses that, so the second one keeps what only it has. */
function withoutRepetition(sets: readonly ServedSet[]): readonly ServedSet[] {
  const seen = new Set<string>();
  return sets.map(({ set, lineage }) => {
    const metrics = set.metrics.filter(({ id }) => !seen.has(id));
    for (const { id } of metrics) seen.add(id);
    const kept: MetricSet = { ...set, metrics };
    return { set: kept, lineage };
  });
}

function drawQuery(random: Random, metric: MetricDefinition, nowMs: number): AnswerQuery {
  const slice = metric.slices[0]?.join(',');
  const sliced = slice !== undefined && random.chance(0.4) ? { slice, ...(random.chance(0.5) ? { value: 'c1' } : { limit: 3 }) } : {};
  const calendar = createCalendars().calendar(metric);
  const last = calendar.bucketOf(nowMs);
  const from = random.whole(Math.max(calendar.bucketOf(START_MS), last - 60), last);
  // An open range ends at the watermark, which may stand before any beginning that was drawn.
  const range = random.chance(0.4) ? {} : { from: calendar.name(from), to: calendar.name(random.whole(from, Math.min(last, from + 20))) };
  return { ...range, ...sliced, ...(random.chance(0.2) ? { compare: 'previous' as const } : {}) };
}

/** What a body says of the log; which store said it, and when, is not. */
function essence(body: AnswerBody): string {
  const { asOf, ...rest } = body;
  return JSON.stringify({ ...rest, watermark: asOf.watermark });
}

/** Q: by itself, without the fold: never more retained than there are. */
export function checkShape(checker: Checker, body: AnswerBody): void {
  if (!('cohorts' in body)) return;
  for (const cohort of body.cohorts) {
    if (!('cells' in cohort)) continue;
    for (const { k, retained, onOrAfter } of cohort.cells)
      if (retained > cohort.size || onOrAfter > cohort.size || retained < 0)
        checker.broken('no more retained than there are', `${body.metric} ${cohort.cohort} k=${k}: ${retained} of ${cohort.size}`);
  }
}

function* combinations(candidates: readonly (readonly PartitionRows[])[]): Generator<readonly PartitionRows[]> {
  const [first, ...rest] = candidates;
  if (first === undefined) {
    yield [];
    return;
  }
  for (const one of first) for (const others of combinations(rest)) yield [one, ...others];
}
