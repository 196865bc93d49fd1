// The checker of the simulation: every invariant alone notices something that passes when it is taken away.
import { formatOf, packBasePiece } from '@tidemark/codec';
import { createCalendars, type MetricSet, PartitionFold, Vocabulary } from '@tidemark/core';
import {
  type AnswerBody,
  type ArchivedRecord,
  type CellRow,
  chunkHash,
  type Manifest,
  NO_VERSION,
  splitVersion,
  type Version,
  versionOf,
} from '@tidemark/pipeline';
import { expect, test } from 'vitest';
import { createRandom } from '../src/generator/random.ts';
import { ArchiveWatch } from '../src/simulation/archive-watch.ts';
import { Engines } from '../src/simulation/engines.ts';
import { checkCells, checkManifest, checkSegments } from '../src/simulation/invariants.ts';
import { Place } from '../src/simulation/places.ts';
import type { Plant } from '../src/simulation/planted.ts';
import { checkShape } from '../src/simulation/questions.ts';
import { type PrefixFacts, Reference, rowKey } from '../src/simulation/reference.ts';
import { simulate } from '../src/simulation/simulate.ts';
import { Tally } from '../src/simulation/tally.ts';
import { drawSets, START_MS, Traffic } from '../src/simulation/traffic.ts';
import { Checker, INVARIANTS, type Invariant, Violation } from '../src/simulation/violation.ts';
import { MemoryArchive } from '../src/twins/archive.ts';
import { MemoryCellStore } from '../src/twins/cell-store.ts';
import { MemoryCheckpointStore } from '../src/twins/checkpoint-store.ts';
import { MemoryLog, type MemoryRecord } from '../src/twins/log.ts';

const RECORDS = 40;
const settings = { latenessMs: 900_000, futureMs: 3_600_000, duplicateWindow: 1024, timelineCap: 8 };
const about = { lineage: 'aaaa', partition: 0, partitionCount: 1, settings, epoch: 1 };
const noLimits = { maxRows: Number.POSITIVE_INFINITY, maxCells: Number.POSITIVE_INFINITY };

function setWith(...metrics: readonly string[]): MetricSet {
  for (let seed = 1; ; seed++) {
    const [set] = drawSets(createRandom(seed));
    if (metrics.every((id) => set.metrics.some((metric) => metric.id === id))) return set;
  }
}
const set = setWith('count', 'back');

/** A log whose last record is broken, so that the prefix without it has the same rows. */
const records: readonly MemoryRecord[] = (() => {
  const random = createRandom(5);
  const log = new MemoryLog({ partitionCount: 1 });
  const traffic = new Traffic({ random, log, actors: 3, hot: 0, cities: 3, gapMs: 600_000, burst: 0.3, met: () => undefined });
  let nowMs = START_MS;
  for (let left = RECORDS - 1; left > 0; left--) {
    nowMs += traffic.gapMs();
    traffic.append(nowMs);
  }
  log.append(0, { timestampMs: nowMs, key: Buffer.from('u1'), value: Buffer.from('{') });
  return log.records(0);
})();

class Forged extends Reference {
  counters: string | null = null;
  override factsAt(version: Version): PrefixFacts | undefined {
    const facts = super.factsAt(version);
    return facts === undefined || this.counters === null ? facts : { ...facts, counters: this.counters };
  }
}

function folded(): Forged {
  const reference = new Forged({ ...about, set });
  for (const record of records) reference.fold(record);
  return reference;
}

interface Published {
  readonly closed?: Version;
  readonly target?: Version;
  readonly rows?: readonly CellRow[];
  readonly clockMs?: number | null;
  readonly counters?: string;
}

/** A store as a right worker leaves it, but for what is changed. */
async function storeOf(reference: Reference, published: Published = {}): Promise<MemoryCellStore> {
  const store = new MemoryCellStore('clickhouse');
  const closed = published.closed ?? reference.version;
  const facts = reference.factsAt(closed);
  const note = {
    clockMs: published.clockMs === undefined ? (facts?.clockMs ?? null) : published.clockMs,
    counters: JSON.parse(published.counters ?? facts?.counters ?? '{}'),
    ...{ overflow: false, partitionCount: 1, publishedAtMs: 0, confirmedAtMs: 0, atEnd: true, fingerprint: '' },
  };
  const part = { ...{ lineage: 'aaaa', partition: 0, publishId: 'p', base: NO_VERSION, note }, rows: published.rows ?? reference.rowsAt(closed) };
  await store.sink.write({ ...part, index: 0, last: true, target: closed });
  if (published.target !== undefined) await store.sink.write({ ...part, publishId: 'q', rows: [], index: 0, last: false, target: published.target });
  return store;
}

async function cellsCase(change: (reference: Forged) => Published, checker: Checker): Promise<void> {
  const reference = folded();
  checkCells(checker, await storeOf(reference, change(reference)), reference);
}

function replaced(
  reference: Reference,
  change: (row: CellRow, entries: readonly { readonly version: Version; readonly cells: string }[]) => CellRow | null,
): CellRow[] {
  let done = false;
  return reference.rowsAt(reference.version).flatMap((row) => {
    const changed = done ? row : change(row, reference.journal.get(rowKey(row)) ?? []);
    done ||= changed !== row;
    return changed === null ? [] : [changed];
  });
}

const versionAt = (index: number): Version => versionOf(1, (records[index]?.offset ?? 0) + 1);

/** The version of a record that changes some row. */
function changing(reference: Reference, above: number): Version {
  const versions = [...reference.journal.values()].flat().map(({ version }) => version);
  return versions.filter((version) => version > versionAt(above)).sort()[0] ?? NO_VERSION;
}

function newFold(): PartitionFold {
  return new PartitionFold({ set, settings, vocabulary: new Vocabulary(), calendars: createCalendars() });
}

/** A checkpoint of the fold, but for what is changed. */
async function checkpointed(change: { readonly state?: (reference: Reference) => void; readonly bytes?: Uint8Array; readonly next?: number }) {
  const source = new Reference({ ...about, set });
  for (const record of records.slice(0, -1)) source.fold(record);
  const { next } = splitVersion(source.version);
  const state = source.raise(1);
  state.next = next;
  change.state?.(source);
  const checkpoints = new MemoryCheckpointStore();
  const bytes = change.bytes ?? packBasePiece(state, 0, 1);
  await checkpoints.store.saveSegment('aaaa', 0, 's', bytes);
  const manifest: Manifest = {
    ...{ id: 'm', writer: 'w', format: formatOf(state, 'base'), lineage: 'aaaa', partition: 0, epoch: 1, next: change.next ?? next, pieces: 1 },
    segments: [{ key: 's', kind: 'base', piece: 0, next, bytes: bytes.length }],
    ...{ dropped: NO_VERSION, partitionCount: 1, partitioner: 'murmur2', clusterId: 'c', topicId: 't', fingerprint: '', fingerprintOffset: -1 },
  };
  await checkpoints.store.replaceManifest(null, manifest);
  return { checkpoints, manifest };
}

async function manifestCase(change: Parameters<typeof checkpointed>[0], checker: Checker): Promise<void> {
  const { checkpoints } = await checkpointed(change);
  await checkManifest(checker, checkpoints, folded(), newFold);
}

/** Everything goes back by one state. */
async function backCase(what: 'redis' | 'checkpoints', checker: Checker): Promise<void> {
  const archived = { records: async () => undefined, link: async () => undefined };
  const engines = new Engines({ redisLimits: noLimits, clickhouseLimits: noLimits, plant: {}, tally: new Tally(), archived });
  const place = new Place({ ...about, lineage: { id: 'aaaa', set, settings, required: true } });
  const reference = folded();
  for (const record of records) place.fold(record);
  const { checkpoints, manifest } = await checkpointed({});
  if (what === 'redis') {
    const early = await storeOf(reference, { closed: versionAt(10), rows: reference.rowsAt(versionAt(10)) });
    engines.redis.restore((await storeOf(reference)).snapshot());
    await place.check(engines, { checker, rewound: false });
    engines.redis.restore(early.snapshot());
  } else {
    engines.checkpoints.restore(checkpoints.snapshot());
    await place.check(engines, { checker, rewound: false });
    const before = await checkpointed({ next: manifest.next - 1 });
    engines.checkpoints.restore(before.checkpoints.snapshot());
    // What is in it is not the question here.
    checker = new Checker([
      ...Object.keys(INVARIANTS).filter((name): name is Invariant => name !== 'manifest never back'),
      ...(isLookedAt(checker, 'manifest never back') ? [] : ['manifest never back' as const]),
    ]);
  }
  await place.check(engines, { checker, rewound: false });
}

function isLookedAt(checker: Checker, invariant: Invariant): boolean {
  try {
    checker.broken(invariant, '');
    return false;
  } catch {
    return true;
  }
}

const archivedOf = (record: MemoryRecord): ArchivedRecord => ({ ...record, epoch: 1, partition: 0, parsed: null, reason: '' });
const ticks: readonly MemoryRecord[] = [0, 1, 2].map((offset) => ({ offset, timestampMs: offset, key: null, value: null, control: true }));

async function archiveCase(checker: Checker, play: (watch: ArchiveWatch, archive: MemoryArchive) => void | Promise<void>): Promise<void> {
  const archive = new MemoryArchive();
  const kept = ticks.map(archivedOf);
  await archive.archive.insert(kept);
  await archive.archive.extendChain({ epoch: 1, partition: 0, from: 0, to: 3, count: 3, hash: chunkHash(kept) });
  await play(new ArchiveWatch({ checker, archive, recordsOf: () => ticks }), archive);
}

/** The first seed that notices it, with or without the invariant. */
async function simulated(plant: Plant, checker: Checker, invariant: Invariant): Promise<void> {
  for (let seed = 1; seed <= 40; seed++) {
    const limits = { steps: 60, records: 30 };
    const { ok } = await simulate(seed, { plant, limits });
    if (ok) continue;
    const { violation } = await simulate(seed, { plant, limits, withoutInvariants: isLookedAt(checker, invariant) ? [] : [invariant] });
    if (violation !== undefined) throw new Violation(violation.law, violation.text.replace(`${violation.law}: `, ''));
    return;
  }
}

/** By invariant: something that only it notices. */
const CASES: Record<Invariant, (checker: Checker) => void | Promise<void>> = {
  'row value': (checker) =>
    cellsCase(
      (reference) => ({
        rows: replaced(reference, (row) =>
          row.metric === 'count' ? { ...row, cells: [Number(row.cells[0]) + 1, ...Array.from(row.cells).slice(1)] } : row,
        ),
      }),
      checker,
    ),
  'row older than the head': (checker) =>
    cellsCase(
      (reference) => ({
        rows: replaced(reference, (row, [first, second]) =>
          first !== undefined && second !== undefined ? { ...row, version: first.version, cells: first.cells.split(',').map(Number) } : row,
        ),
      }),
      checker,
    ),
  'row above the target': (checker) =>
    cellsCase((reference) => {
      const closed = versionAt(10);
      const late = changing(reference, 15);
      const ahead = reference.rowsAt(late).filter(({ version }) => version === late);
      return {
        closed,
        target: versionAt(11),
        rows: [...reference.rowsAt(closed).filter((row) => !ahead.some((other) => rowKey(other) === rowKey(row))), ...ahead],
      };
    }, checker),
  'head at a record': (checker) => cellsCase(() => ({ closed: versionOf(1, 1_000), rows: [] }), checker),
  'head whole': (checker) => cellsCase((reference) => ({ rows: replaced(reference, () => null) }), checker),
  'note of the prefix': (checker) => cellsCase(() => ({ clockMs: 1 }), checker),
  'no cell below zero': (checker) =>
    cellsCase((reference) => {
      const row = reference.rowsAt(reference.version).find(({ metric }) => metric === 'count');
      const entry = row === undefined ? undefined : reference.journal.get(rowKey(row))?.at(-1);
      if (entry === undefined) throw new Error('no row of that metric');
      Object.assign(entry, { cells: '-1' });
      return {};
    }, checker),
  'one outcome per record': (checker) =>
    cellsCase((reference) => {
      reference.counters = JSON.stringify({ read: 2, applied: 1 });
      return { counters: reference.counters };
    }, checker),
  'head never back': (checker) => backCase('redis', checker),
  'manifest never back': (checker) => backCase('checkpoints', checker),
  'segments there': async (checker) => {
    const { manifest } = await checkpointed({});
    checkSegments(checker, new MemoryCheckpointStore(), manifest);
  },
  'segments stay': async (checker) => {
    const { manifest } = await checkpointed({});
    const other = new MemoryCheckpointStore();
    await other.store.saveSegment('aaaa', 0, 's', Uint8Array.of(1));
    checkSegments(checker, other, manifest);
  },
  'segments readable': (checker) => manifestCase({ bytes: Uint8Array.of(1, 2, 3) }, checker),
  'state of the prefix': (checker) => manifestCase({ next: splitVersion(versionAt(RECORDS - 1)).next }, checker),
  'nothing absent but what is closed': (checker) =>
    manifestCase(
      {
        state: (reference) => {
          const state = reference.raise(1);
          state.next = splitVersion(versionAt(RECORDS - 2)).next;
          const open = [...state.changes.all()].find(({ table, bucket }) => table.shape.closesAtMs(bucket) > state.clockMs);
          if (open === undefined) throw new Error('no row is open');
          open.table.drop(open.table.find(open.bucket, open.label));
        },
      },
      checker,
    ),
  'archived as logged': (checker) => archiveCase(checker, (watch) => watch.inserted([{ ...archivedOf(ticks[1] as MemoryRecord), timestampMs: 99 }])),
  'link of what is there': (checker) =>
    archiveCase(checker, (watch, archive) => {
      archive.lose(1, 0, 1);
      watch.linked({ epoch: 1, partition: 0, from: 0, to: 3, count: 3, hash: chunkHash(ticks.map(archivedOf)) });
    }),
  'archived once': (checker) =>
    archiveCase(checker, async (watch, archive) => {
      archive.lose(1, 0, 1);
      await watch.converged(1, 0);
    }),
  'answer is the fold': (checker) =>
    simulated(
      {
        reader: (inner) => ({
          ...inner,
          read: async (...asked) =>
            (await inner.read(...asked)).map((read) => ({
              ...read,
              rows: read.rows.map((row) => ({ ...row, cells: Array.from(row.cells, (cell) => cell * 2) })),
            })),
        }),
      },
      checker,
      'answer is the fold',
    ),
  'no more retained than there are': (checker) => {
    const cell = { k: 1, retained: 3, onOrAfter: 3, rate: null, complete: true, closesAt: '' };
    const cohort = { cohort: 'c', value: null, size: 2, cells: [cell], completeOnOrAfter: true };
    // Only the figures are looked at.
    checkShape(checker, { metric: 'back', cohorts: [cohort] } as unknown as AnswerBody);
  },
  'halt with a reason': (checker) =>
    simulated(
      {
        handler: (inner) => ({
          assigned: (p) => inner.assigned(p),
          revoked: (p) => inner.revoked(p),
          batch: (batch) => inner.batch({ ...batch, requestedOffset: batch.requestedOffset + 1_000 }),
        }),
      },
      checker,
      'halt with a reason',
    ),
};

test('there is a case for every invariant', () => {
  expect(Object.keys(CASES).sort()).toEqual(Object.keys(INVARIANTS).sort());
});

test('what a right worker leaves passes', async () => {
  const reference = folded();
  checkCells(new Checker(), await storeOf(reference), reference);
  await manifestCase({}, new Checker());
});

test.each(Object.keys(CASES).filter((name): name is Invariant => name in INVARIANTS))(
  '%s: noticed, and not when it is taken away',
  async (invariant) => {
    await expect((async () => CASES[invariant](new Checker()))()).rejects.toThrow(new RegExp(`^${INVARIANTS[invariant]}:`));
    await CASES[invariant](new Checker([invariant]));
  },
);
