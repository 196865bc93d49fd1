// What a round of repartitioning sends, leaves out and foresees; how an interrupted one knows where it was.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeEvent, partitionOf } from '@tidemark/codec';
import { DEFAULT_SETTINGS } from '@tidemark/core';
import { type ArchivedRecord, chunkHash } from '@tidemark/pipeline';
import { MemoryArchive } from '@tidemark/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { planRound, type RoundOptions, roundRecords } from '../../src/operate/repartition/plan.ts';
import { progressPath, readProgress, writeProgress } from '../../src/operate/repartition/progress-file.ts';
import { refuseRebuilt } from '../../src/operate/repartition/repartition.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 10, 22);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-repartition-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Sent {
  readonly actor: string;
  readonly id: string;
  readonly day: number;
}

/** Two partitions; one link each. */
async function archived(events: readonly Sent[]): Promise<{ round: RoundOptions; lengths: readonly number[] }> {
  const log: ArchivedRecord[][] = [[], []];
  for (const { actor, id, day } of events) {
    const key = Buffer.from(actor);
    const timestampMs = NOW_MS + day * DAY_MS;
    const value = Buffer.from(
      JSON.stringify({ type: 'track', event: 'Ordered', userId: actor, messageId: id, timestamp: new Date(timestampMs).toISOString() }),
    );
    const partition = partitionOf('murmur2', key, 2);
    const described = describeEvent(key, value);
    const own = log[partition] as ArchivedRecord[];
    const record = { epoch: 1, partition, offset: own.length, timestampMs: NOW_MS + 100 * DAY_MS, key, value, control: false };
    own.push({ ...record, parsed: described.accepted ? described : null, reason: '' });
  }
  const memory = new MemoryArchive();
  for (const [partition, records] of log.entries()) {
    await memory.archive.insert(records);
    if (records.length > 0)
      await memory.archive.extendChain({ epoch: 1, partition, from: 0, to: records.length, count: records.length, hash: chunkHash(records) });
  }
  const lengths = log.map((records) => records.length);
  const archive = memory.partitionArchive;
  const counts = { partitionCount: 2, partitions: 1, epoch: 1, done: [0, 0], ends: lengths };
  return { round: { archive, settings: DEFAULT_SETTINGS, partitioner: 'murmur2', ...counts }, lengths };
}

/** One that lies in each of two partitions. */
const [zero = '', one = ''] = [0, 1].map((partition) =>
  ['a', 'b', 'c', 'd', 'e', 'f'].find((actor) => partitionOf('murmur2', Buffer.from(actor), 2) === partition),
);

async function idsOf(round: RoundOptions): Promise<string[]> {
  const ids: string[] = [];
  for await (const { record, outcome, isNew } of roundRecords(round)) if (isNew && outcome === 'applied') ids.push(record.parsed?.messageId ?? '');
  return ids;
}

test('partitions that were written one after the other are sent in the order of their clocks, so that nothing becomes late', async () => {
  const history = [0, 20, 40].flatMap((day) => [{ actor: zero, id: `z${day}`, day }]);
  const other = [1, 21, 41].map((day) => ({ actor: one, id: `o${day}`, day }));
  const { round } = await archived([...history, ...other, { actor: zero, id: 'z5', day: 5 }, { actor: one, id: 'o41', day: 41 }]);
  const plan = await planRound(round, NOW_MS + 100 * DAY_MS, () => undefined);
  expect(plan).toEqual({
    toSend: 6,
    byPartition: [6],
    leftOut: new Map([
      ['late', 1],
      ['duplicate', 1],
    ]),
    misjudged: new Map(),
  });
  expect(await idsOf(round)).toEqual(['z0', 'o1', 'z20', 'o21', 'z40', 'o41']);
});

test('a later round sends what came since, and foresees what the new log, gone on meanwhile, would call late', async () => {
  const { round, lengths } = await archived([
    { actor: zero, id: 'z0', day: 0 },
    { actor: one, id: 'o30', day: 30 },
    { actor: zero, id: 'z1', day: 1 },
    { actor: zero, id: 'z29', day: 29 },
  ]);
  const [ofZero = 0, ofOne = 0] = lengths;
  const later = { ...round, done: [ofZero - 2, ofOne] };
  expect(await idsOf(later)).toEqual(['z1', 'z29']);
  const plan = await planRound(later, NOW_MS + 100 * DAY_MS, () => undefined);
  expect(plan).toEqual({ toSend: 2, byPartition: [2], leftOut: new Map(), misjudged: new Map([['late', 1]]) });
});

test('one message id of two actors, in two partitions here and in one there, is foreseen', async () => {
  const { round } = await archived([
    { actor: zero, id: 'same', day: 0 },
    { actor: one, id: 'same', day: 1 },
  ]);
  const plan = await planRound(round, NOW_MS + 100 * DAY_MS, () => undefined);
  expect(plan.misjudged).toEqual(new Map([['duplicate', 1]]));
  expect((await planRound({ ...round, partitions: 2 }, NOW_MS + 100 * DAY_MS, () => undefined)).misjudged).toEqual(new Map());
});

test('how far a repartitioning has come is read back as it was written', async () => {
  const path = progressPath(folder, { from: 'old', to: 'new' });
  expect(await readProgress(path)).toBe(null);
  const progress = { from: 'old', to: 'new', partitions: 3, topicId: 't', done: [0, 5], round: { ends: [9, 9], sent: 4 } };
  await writeProgress(path, progress);
  expect(await readProgress(path)).toEqual(progress);
  await writeFile(path, '{"from":"old"}');
  await expect(readProgress(path)).rejects.toThrow(/old-to-new\.json is not what a repartitioning writes/);
});

test('what is served of a past rebuilt in time order is not repartitioned, for its late events would be left out', () => {
  const about = { atMs: 1, by: 'ann', set: 'cabinet', lineage: 'a1', revision: 'r1', files: [], positions: [] };
  const adopted = { ...about, sequence: 1, id: 'one', kind: 'adopt', origin: 'log' } as const;
  expect(() => refuseRebuilt([adopted])).not.toThrow();
  const rebuilt = { ...about, sequence: 1, id: 'one', kind: 'adopt', origin: 'archive:1:5' } as const;
  expect(() => refuseRebuilt([rebuilt])).toThrow(/of cabinet was rebuilt in time order/);
});
