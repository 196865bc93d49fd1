// A copy of a running partition, state first and figures later, is as good as what was lost: put back, everything is as if nothing had happened.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CellRow, Head, Manifest } from '../../src/index.ts';
import { Bench, type Running } from './bench.ts';
import type { Sent } from './folded.ts';

/** What happens between two looks: events are sent and read, then time passes, in which stores are written. Hours go on, so that rows close. */
const step = fc.record({
  events: fc.array(
    fc.record({ event: fc.constantFrom('Click', 'Join'), actor: fc.integer({ min: 0, max: 5 }), back: fc.integer({ min: 0, max: 20 }) }),
    {
      maxLength: 6,
    },
  ),
  hours: fc.integer({ min: 0, max: 3 }),
  pauseMs: fc.constantFrom(0, 300, 1_200, 6_000),
});
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

interface Copy {
  manifest: Manifest | null;
  readonly segments: Map<string, Uint8Array>;
  head: Head | null;
  rows: readonly CellRow[];
}

type Look = (copy: Copy, bench: Bench, lineage: string) => Promise<void>;

const lookAtState: Look = async (copy, bench, lineage) => {
  const { store } = bench.checkpoints;
  copy.manifest = await store.manifest(lineage, 0);
  for (const { key } of copy.manifest?.segments ?? []) copy.segments.set(key, (await store.segment(lineage, 0, key)) ?? new Uint8Array());
};
const lookAtHead: Look = async (copy, bench, lineage) => {
  copy.head = bench.clickhouse.headOf(lineage, 0);
};
const lookAtRows: Look = async (copy, bench, lineage) => {
  copy.rows = bench.clickhouse.rowsOf(lineage, 0);
};

/** Everything of Redis and ClickHouse, in one order. */
function figuresOf(bench: Bench, lineage: string): string[][] {
  const textOf = ({ cells, ...row }: CellRow): string =>
    JSON.stringify([
      row,
      Array.from(cells)
        .join(' ')
        .replace(/( 0)+$/, ''),
    ]);
  return [bench.redis, bench.clickhouse].map((store) => store.rowsOf(lineage, 0).map(textOf).sort());
}

async function history(bench: Bench, steps: readonly Step[], looks: ReadonlyMap<number, readonly (() => Promise<void>)[]>): Promise<void> {
  let hours = 0;
  for (const [index, { events, hours: further, pauseMs }] of steps.entries()) {
    hours += further;
    bench.send(...events.map(({ event, actor, back }): Sent => ({ event, actor: `a${actor}`, at: hours - back / 10 })));
    while (bench.log.deliver(3) > 0) await bench.clock.advance(0);
    await bench.clock.advance(pauseMs);
    for (const look of looks.get(index) ?? []) await look();
  }
  await bench.settle(12_000);
}

async function putBack(bench: Bench, lineage: string, { manifest, segments, head, rows }: Copy): Promise<void> {
  for (const [key, bytes] of segments) await bench.checkpoints.store.saveSegment(lineage, 0, key, bytes);
  if (manifest !== null) await bench.checkpoints.store.replaceManifest(null, manifest);
  if (head?.note == null) return;
  const { closed, note } = head;
  const target = [head.target, ...rows.map(({ version }) => version)].sort().at(-1) ?? head.target;
  const part = { lineage, partition: 0, publishId: 'restore', base: closed, note };
  await bench.clickhouse.sink.write({ ...part, index: 0, last: false, target, rows });
  await bench.clickhouse.sink.write({ ...part, index: 1, last: true, target: closed, rows: [] });
}

/** Loses both stores at the end, puts the copy back, and starts another worker. Answers the figures before and after, and why it stopped, if it did. */
async function lostAndPutBack(steps: readonly Step[], places: readonly number[], order: readonly Look[]) {
  const bench = new Bench();
  const copy: Copy = { manifest: null, segments: new Map(), head: null, rows: [] };
  const first: Running = await bench.start();
  const [lineage = ''] = first.worker.lineages;
  const looks = new Map<number, (() => Promise<void>)[]>();
  for (const [index, look] of order.entries()) {
    const at = Math.min(places[index] ?? 0, steps.length - 1);
    looks.set(at, [...(looks.get(at) ?? []), () => look(copy, bench, lineage)]);
  }
  await history(bench, steps, looks);
  const before = figuresOf(bench, lineage);
  first.member.crash(new Error('burnt down'));
  await bench.clock.advance(0);
  for (const store of [bench.redis, bench.clickhouse, bench.checkpoints]) store.wipe();
  await putBack(bench, lineage, copy);
  const second = await bench.start();
  await bench.settle(12_000);
  return { before, after: figuresOf(bench, lineage), halts: second.halts() };
}

const histories = fc.record({
  steps: fc.array(step, { minLength: 3, maxLength: 14 }),
  places: fc.tuple(fc.nat(13), fc.nat(13), fc.nat(13)).map((at) => [...at].sort((a, b) => a - b)),
});

test('state, then the head, then the rows: whatever happens in between, what is put back goes on to the same figures', async () => {
  await fc.assert(
    fc.asyncProperty(histories, async ({ steps, places }) => {
      const { before, after, halts } = await lostAndPutBack(steps, places, [lookAtState, lookAtHead, lookAtRows]);
      expect(halts).toEqual([]);
      expect(after).toEqual(before);
    }),
    { numRuns: 60 },
  );
});

test('the other way round rows are lost that had closed in between: the order is not a matter of taste', async () => {
  const events = [{ event: 'Click', actor: 1, back: 0 } as const];
  const steps = Array.from({ length: 12 }, (): Step => ({ events, hours: 1, pauseMs: 6_000 }));
  const { before, after } = await lostAndPutBack(steps, [1, 1, 11], [lookAtHead, lookAtRows, lookAtState]);
  expect(before[0]?.length).toBeGreaterThan(10);
  expect(after).not.toEqual(before);
});
