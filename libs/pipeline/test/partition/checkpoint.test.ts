// What a checkpoint promises: one chain of manifests, each decoding to the fold at its position, and a load that knows absent from unreachable.
import { type Fate, MemoryCheckpointStore } from '@tidemark/testing';
import { describe, expect, test } from 'vitest';
import { type LogIdentity, type Manifest, StoreUnavailable, versionOf } from '../../src/index.ts';
import { type CheckpointContext, type LoadResult, loadMemory, saveCheckpoint } from '../../src/partition/checkpoint.ts';
import { dropClosedRows, emptyMemory, type PartitionMemory, positionOf } from '../../src/partition/memory.ts';
import { Folded, LINEAGE } from './folded.ts';

const IDENTITY: LogIdentity = { clusterId: 'c', topicId: 't', partitionCount: 1, cleanupPolicy: 'delete', timestampType: 'LogAppendTime' };
/** Small enough that a handful of events makes several pieces and outgrows them. */
const SMALL = { pieceBytes: 400, minDeltaBytes: 200 };

function bench(changes: Partial<CheckpointContext> = {}) {
  const folded = new Folded();
  const store = new MemoryCheckpointStore();
  let id = 0;
  const context: CheckpointContext = {
    lineage: LINEAGE,
    partition: 0,
    store: store.store,
    randomId: () => `id${++id}`,
    writer: 'w',
    partitioner: 'murmur2',
    identity: IDENTITY,
    newFold: () => folded.newFold(),
    ...changes,
  };
  const manifest = (): Manifest => {
    const stored = store.manifestOf(LINEAGE, 0);
    if (stored === null) throw new Error('no manifest');
    return stored;
  };
  return { folded, store, context, manifest, save: () => saveCheckpoint(folded.memory, context) };
}

function memoryOf(outcome: LoadResult): PartitionMemory {
  if ('halt' in outcome) throw new Error(outcome.halt);
  return outcome.memory;
}

/** Rows in the order of change, position, clock, counters and known ids. */
function contentOf({ fold, dropped, fingerprint, fingerprintOffset }: PartitionMemory): unknown {
  const { state } = fold;
  const rows: string[] = [];
  for (const row of state.changes.all()) {
    rows.push(`${row.next} ${row.table.shape.metric}/${row.table.shape.name} ${row.bucket} ${row.label} ${Array.from(row.cells)}`);
  }
  const { clockMs, next, epoch, counters, duplicates, actors } = state;
  return {
    rows: rows.sort(),
    clockMs,
    next,
    epoch,
    counters: counters.toRecord(),
    ids: duplicates.added,
    actors: actors.size,
    dropped,
    fingerprint,
    fingerprintOffset,
  };
}

/** Makes both sinks whole up to here, and drops what is closed. */
function acknowledge(memory: PartitionMemory): void {
  memory.redis.base = positionOf(memory);
  memory.clickhouse.base = positionOf(memory);
  dropClosedRows(memory);
}

const kindsOf = (manifest: Manifest): string[] => manifest.segments.map(({ kind, piece, next }) => `${kind} ${piece} at ${next}`);

test('the first checkpoint is a full base, and brings the state back', async () => {
  const { folded, context, save, manifest } = bench();
  folded.send({ at: 0 }, { at: 1, event: 'Join' });
  expect(await save()).toMatchObject({ result: 'saved' });
  expect(kindsOf(manifest())).toEqual(['base 0 at 2']);
  expect(manifest()).toMatchObject({ next: 2, fingerprintOffset: 1, partitionCount: 1, clusterId: 'c', topicId: 't', writer: 'w' });
  const outcome = await loadMemory(null, context);
  expect(outcome).toMatchObject({ loaded: true });
  expect(contentOf(memoryOf(outcome))).toEqual(contentOf(folded.memory));
});

test('nothing new is not saved; what follows is a delta, and base and delta together are the state', async () => {
  const { folded, context, save, manifest } = bench();
  folded.send({ at: 0 });
  await save();
  expect(await save()).toEqual({ result: 'unchanged' });
  folded.send({ at: 0.5 }, { at: 1, city: 'Sevan', actor: 'bob' });
  await save();
  expect(kindsOf(manifest())).toEqual(['base 0 at 1', 'delta 0 at 3']);
  const loaded = memoryOf(await loadMemory(null, context));
  expect(contentOf(loaded)).toEqual(contentOf(folded.memory));
  folded.foldInto(loaded);
  expect(contentOf(loaded)).toEqual(contentOf(folded.memory));
});

test('a loaded memory folds on as the original does, duplicates included', async () => {
  const { folded, context, save } = bench();
  folded.send({ at: 0, id: 'once' }, { at: 1 });
  await save();
  const loaded = memoryOf(await loadMemory(null, context));
  folded.send({ at: 1.5, id: 'once' }, { at: 2, event: 'Join', actor: 'bob' });
  folded.foldInto(loaded);
  expect(contentOf(loaded)).toEqual(contentOf(folded.memory));
  expect(loaded.fold.state.counters.of('duplicate')).toBe(1);
});

test('a dropped row stays away after a load: its tomb is in the delta, and the manifest knows its version', async () => {
  const { folded, context, save, manifest } = bench();
  folded.send({ at: 0 });
  await save();
  folded.send({ at: 9 });
  acknowledge(folded.memory);
  expect(folded.memory.gone).toHaveLength(2);
  await save();
  expect(folded.memory.gone).toEqual([]);
  expect(manifest().dropped).toBe(versionOf(1, 1));
  const loaded = memoryOf(await loadMemory(null, context));
  expect(contentOf(loaded)).toEqual(contentOf(folded.memory));
  expect(Math.min(...Array.from(loaded.fold.state.changes.all(), ({ next }) => next))).toBe(2);
});

test('rows dropped without a new record are saved too, and their tombs survive the next checkpoint', async () => {
  const { folded, context, save } = bench();
  folded.send({ at: 0 }, { at: 9 });
  await save();
  acknowledge(folded.memory);
  expect(await save()).toMatchObject({ result: 'saved' });
  folded.send({ at: 9.1 });
  await save();
  expect(contentOf(memoryOf(await loadMemory(null, context)))).toEqual(contentOf(folded.memory));
});

test('rows dropped while a save is under way are not forgotten', async () => {
  const { folded, context, save, store } = bench();
  folded.send({ at: 0 });
  await save();
  folded.send({ at: 9 });
  store.intercept = ({ method }) => {
    if (method === 'replaceManifest') acknowledge(folded.memory);
    return 'apply';
  };
  await save();
  store.intercept = undefined;
  expect(folded.memory.gone).toHaveLength(2);
  await save();
  expect(contentOf(memoryOf(await loadMemory(null, context)))).toEqual(contentOf(folded.memory));
});

test('when deltas have outgrown the base, its pieces are rewritten one by one, and a delta leaves once every piece is newer', async () => {
  const { folded, context, save, manifest, store } = bench({ sizes: SMALL });
  for (let index = 0; index < 12; index++) folded.send({ at: index / 10, actor: `a${index}`, city: `c${index}` });
  await save();
  expect(manifest().pieces).toBeGreaterThan(1);
  const seen = new Set<string>();
  for (let index = 0; index < 24; index++) {
    folded.send({ at: 2 + index / 10, actor: `b${index}`, city: `d${index % 7}` });
    if (index % 5 === 0) acknowledge(folded.memory);
    await save();
    const { segments, pieces } = manifest();
    const bases = segments.filter(({ kind }) => kind === 'base');
    const oldest = Math.min(...bases.map(({ next }) => next));
    expect(bases.map(({ piece }) => piece).sort((a, b) => a - b)).toEqual(Array.from({ length: pieces }, (_, piece) => piece));
    // Every delta since the oldest piece is there.
    for (const { kind, next } of segments) if (kind === 'delta') expect(next).toBeGreaterThanOrEqual(oldest);
    for (const { kind, key } of segments) if (kind === 'base') seen.add(key);
    expect([...store.segmentsOf(LINEAGE, 0).keys()].sort()).toEqual(segments.map(({ key }) => key).sort());
    expect(contentOf(memoryOf(await loadMemory(null, context)))).toEqual(contentOf(folded.memory));
  }
  expect(seen.size).toBeGreaterThan(2 * manifest().pieces);
});

test('a base that has outgrown its pieces is written anew in more of them', async () => {
  const { folded, context, save, manifest } = bench({ sizes: { pieceBytes: 2_000, minDeltaBytes: 100 } });
  folded.send({ at: 0 });
  await save();
  expect(manifest().pieces).toBe(1);
  for (let index = 0; index < 30; index++) {
    folded.send(...Array.from({ length: 8 }, (_, more) => ({ at: index / 20, actor: `a${index}-${more}`, event: 'Join', city: `c${index}` })));
    await save();
  }
  expect(manifest().pieces).toBeGreaterThan(1);
  expect(contentOf(memoryOf(await loadMemory(null, context)))).toEqual(contentOf(folded.memory));
});

describe('compare-and-set', () => {
  async function withRival() {
    const world = bench();
    world.folded.send({ at: 0 });
    await world.save();
    const rival = memoryOf(await loadMemory(null, world.context));
    return { ...world, rival };
  }

  test('a manifest that somebody else replaced is not touched', async () => {
    const { folded, context, save, manifest, rival } = await withRival();
    folded.send({ at: 1 });
    folded.foldInto(rival);
    await saveCheckpoint(rival, context);
    const { id } = manifest();
    expect(await save()).toEqual({ result: 'moved' });
    expect(manifest().id).toBe(id);
    expect(contentOf(memoryOf(await loadMemory(folded.memory, context)))).toEqual(contentOf(rival));
  });

  test('memory that is ahead of a foreign manifest is kept, and overwrites it with a full base', async () => {
    const { folded, context, save, manifest, rival } = await withRival();
    folded.send({ at: 1 });
    folded.foldInto(rival);
    await saveCheckpoint(rival, context);
    folded.send({ at: 2 });
    await save();
    expect(await loadMemory(folded.memory, context)).toEqual({ memory: folded.memory, loaded: false });
    expect(await save()).toMatchObject({ result: 'saved' });
    expect(kindsOf(manifest())).toEqual(['base 0 at 3']);
    expect(contentOf(memoryOf(await loadMemory(null, context)))).toEqual(contentOf(folded.memory));
  });

  test('a segment that is gone makes the next checkpoint a full base', async () => {
    const { folded, context, save, manifest, store } = await withRival();
    folded.send({ at: 1 });
    store.intercept = ({ method }) => {
      if (method === 'replaceManifest') store.expire();
      return 'apply';
    };
    expect(await save()).toEqual({ result: 'retry' });
    expect(folded.memory.saved.full).toBe(true);
    store.intercept = undefined;
    expect(await save()).toMatchObject({ result: 'saved' });
    expect(kindsOf(manifest())).toEqual(['base 0 at 2']);
    expect(contentOf(memoryOf(await loadMemory(null, context)))).toEqual(contentOf(folded.memory));
  });

  test('a lost reply is read back: our own id means done', async () => {
    const { folded, context, save, store } = await withRival();
    folded.send({ at: 1 });
    store.intercept = ({ method }): Fate => (method === 'replaceManifest' ? 'lose_reply' : 'apply');
    expect(await save()).toMatchObject({ result: 'saved' });
    store.intercept = undefined;
    expect(await save()).toEqual({ result: 'unchanged' });
    expect(contentOf(memoryOf(await loadMemory(null, context)))).toEqual(contentOf(folded.memory));
  });

  test('a lost call is read back as not done, and the next checkpoint covers it', async () => {
    const { folded, context, save, store } = await withRival();
    folded.send({ at: 1 });
    store.intercept = ({ method }): Fate => (method === 'replaceManifest' ? 'lose' : 'apply');
    expect(await save()).toEqual({ result: 'moved' });
    store.intercept = undefined;
    expect(memoryOf(await loadMemory(folded.memory, context))).toBe(folded.memory);
    expect(await save()).toMatchObject({ result: 'saved' });
    expect(contentOf(memoryOf(await loadMemory(null, context)))).toEqual(contentOf(folded.memory));
  });

  test('when the read-back is lost too, nothing counts as saved, whether it was or not', async () => {
    const { folded, context, save, store } = await withRival();
    const savedNext = folded.memory.saved.next;
    folded.send({ at: 1 });
    let lost = false;
    store.intercept = ({ method }): Fate => {
      if (method === 'replaceManifest') lost = true;
      return lost ? 'lose_reply' : 'apply';
    };
    expect(await save()).toEqual({ result: 'retry' });
    expect(folded.memory.saved.next).toBe(savedNext);
    store.intercept = undefined;
    expect(await save()).toEqual({ result: 'moved' });
    folded.send({ at: 2 });
    expect(memoryOf(await loadMemory(folded.memory, context))).toBe(folded.memory);
    expect(await save()).toMatchObject({ result: 'saved' });
    expect(contentOf(memoryOf(await loadMemory(null, context)))).toEqual(contentOf(folded.memory));
  });
});

describe('loading', () => {
  test('no manifest and nothing held is an empty state; unreachable is not absent', async () => {
    const { context, store } = bench();
    expect(memoryOf(await loadMemory(null, context)).fold.state.next).toBe(0);
    store.intercept = () => 'lose';
    await expect(loadMemory(null, context)).rejects.toBeInstanceOf(StoreUnavailable);
  });

  test('no manifest while state is held: Redis lost it, and the next checkpoint is a full base', async () => {
    const { folded, context, save, manifest, store } = bench();
    folded.send({ at: 0 });
    await save();
    folded.send({ at: 1 });
    await save();
    store.wipe();
    expect(memoryOf(await loadMemory(folded.memory, context))).toBe(folded.memory);
    expect(await save()).toMatchObject({ result: 'saved' });
    expect(kindsOf(manifest())).toEqual(['base 0 at 2']);
  });

  test('a manifest that is replaced while it is read is read anew', async () => {
    const { folded, context, save, store } = bench();
    folded.send({ at: 0 });
    await save();
    const reader = { ...context };
    let raced = false;
    store.intercept = async ({ method }): Promise<Fate> => {
      if (method === 'segment' && !raced) {
        raced = true;
        folded.memory.saved.full = true;
        folded.send({ at: 1 });
        await save();
      }
      return 'apply';
    };
    const loaded = memoryOf(await loadMemory(null, reader));
    expect(raced).toBe(true);
    expect(contentOf(loaded)).toEqual(contentOf(folded.memory));
  });

  test('a manifest whose segments are gone for good: what is held goes on, else the log must give it back', async () => {
    const { folded, context, save, store } = bench();
    folded.send({ at: 0 });
    await save();
    const memory = memoryOf(await loadMemory(null, context));
    folded.send({ at: 1 });
    await save();
    const deaf = { ...context, store: { ...store.store, segment: async () => null } };
    const kept = memoryOf(await loadMemory(memory, deaf));
    expect(kept).toBe(memory);
    const empty = memoryOf(await loadMemory(null, deaf));
    expect(empty.fold.state.next).toBe(0);
    expect(empty.saved).toMatchObject({ full: true, manifestId: folded.memory.saved.manifestId });
  });

  test('a segment whose bytes are broken halts', async () => {
    const { folded, context, save, store } = bench();
    folded.send({ at: 0 });
    await save();
    const broken = { ...context, store: { ...store.store, segment: async () => Uint8Array.of(1, 2, 3) } };
    expect(await loadMemory(null, broken)).toEqual({ halt: expect.stringMatching(/position 1 cannot be read/) });
  });

  test.each<[string, Partial<Manifest>, RegExp]>([
    ['a newer format', { format: 99 }, /format 99, newer than this program reads/],
    ['another partition count', { partitionCount: 12 }, /partition count of the log is 1, the state was folded with 12/],
    ['another partitioner', { partitioner: 'crc32' }, /partitioner of the log is murmur2, the state was folded with crc32/],
    ['another cluster', { clusterId: 'elsewhere' }, /cluster of the log is c, .* elsewhere/],
    ['another topic', { topicId: 'older' }, /topic of the log is t, .* older/],
  ])('%s halts, also while state is held', async (_name, change, reason) => {
    const { folded, context, save, manifest, store } = bench();
    folded.send({ at: 0 });
    await save();
    const stored = { ...manifest(), ...change, id: 'foreign' };
    const foreign = { ...context, store: { ...store.store, manifest: async () => stored } };
    expect(await loadMemory(null, foreign)).toEqual({ halt: expect.stringMatching(reason) });
    expect(await loadMemory(emptyMemory(folded.newFold()), foreign)).toEqual({ halt: expect.stringMatching(reason) });
  });
});
