// The switch under whatever order of publishes, polls and questions: no answer is of two lineages, no position falls, and nobody goes back.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createSwitching, NEW, OLD, PARTITIONS, planOf, positionsIn, type Switching } from './switching.ts';

type Step =
  | { readonly kind: 'grow'; readonly partition: number; readonly by: number }
  | {
      readonly kind: 'publish';
      readonly lineage: string;
      readonly partition: number;
      readonly store: 'redis' | 'clickhouse';
      readonly behind: number;
    }
  | { readonly kind: 'look'; readonly afterMs: number }
  | { readonly kind: 'ask'; readonly client: number }
  | { readonly kind: 'release'; readonly index: number }
  | { readonly kind: 'decide' };

const partition = fc.constantFrom(...PARTITIONS);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('grow' as const), partition, by: fc.integer({ min: 1, max: 5 }) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      lineage: fc.constantFrom(OLD, NEW, NEW),
      partition,
      store: fc.constantFrom('redis' as const, 'clickhouse' as const),
      behind: fc.constantFrom(0, 0, 1, 4),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('look' as const), afterMs: fc.constantFrom(50, 200, 1_000, 3_000) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('ask' as const), client: fc.constantFrom(0, 1, 2) }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('release' as const), index: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('decide' as const) }) },
);

/** Reads of rows wait until they are released, so that everything else may come in between. */
function heldReads(world: Switching) {
  const held: (() => void)[] = [];
  let isHeld = true;
  for (const store of Object.values(world.stores)) {
    store.intercept = ({ method }) => {
      if (method !== 'read' || !isHeld) return 'apply';
      return new Promise((resolve) => held.push(() => resolve('apply')));
    };
  }
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    release: async (index: number): Promise<void> => {
      held.splice(index % Math.max(1, held.length), 1)[0]?.();
      await turn();
    },
    releaseAll: (): void => {
      isHeld = false;
      for (const go of held.splice(0)) go();
    },
    turn,
  };
}

async function run(steps: readonly Step[]): Promise<readonly string[]> {
  const world = createSwitching();
  const reads = heldReads(world);
  const ends = PARTITIONS.map(() => 3);
  const heads = new Map<string, number>();
  const publish = async (lineage: string, partition: number, next: number, store: 'redis' | 'clickhouse'): Promise<void> => {
    const key = `${lineage} ${partition} ${store}`;
    if (next <= (heads.get(key) ?? 0)) return;
    heads.set(key, next);
    await world.publish(lineage, partition, next, [store]);
  };
  for (const partition of PARTITIONS) await publish(OLD, partition, 3, 'redis');
  world.serving.learn([planOf(OLD)]);
  await world.look();
  /** By client and metric, and of everybody the old one's positions. */
  const seen = new Map<string, { readonly lineage: string; readonly positions: readonly number[] }>();
  const highest = PARTITIONS.map(() => 0);
  const asking: (Promise<void> | undefined)[] = [];
  const ask = (client: number): void => {
    asking[client] ??= world.ask().then((bodies) => {
      asking[client] = undefined;
      const lineages = new Set(bodies.map(({ lineage }) => lineage));
      expect(lineages.size).toBe(1);
      for (const body of bodies) {
        const name = `${client} ${body.metric}`;
        const positions = positionsIn(body);
        const before = seen.get(name);
        seen.set(name, { lineage: body.lineage, positions });
        expect(positions.every((next, at) => next >= (before?.positions[at] ?? 0))).toBe(true);
        expect([before?.lineage, body.lineage]).not.toEqual([NEW, OLD]);
        if (body.lineage === NEW) expect(positions.every((next, at) => next >= (highest[at] ?? 0))).toBe(true);
        else for (const at of PARTITIONS) highest[at] = Math.max(highest[at] ?? 0, positions[at] ?? 0);
      }
    });
  };
  for (const step of steps) {
    if (step.kind === 'grow') ends[step.partition] = (ends[step.partition] ?? 0) + step.by;
    else if (step.kind === 'publish') await publish(step.lineage, step.partition, (ends[step.partition] ?? 0) - step.behind, step.store);
    else if (step.kind === 'decide') world.serving.learn([planOf(NEW, { previous: OLD })]);
    else if (step.kind === 'ask') ask(step.client);
    else if (step.kind === 'release') await reads.release(step.index);
    else {
      world.advance(step.afterMs);
      await world.look();
    }
    await reads.turn();
  }
  world.serving.learn([planOf(NEW, { previous: OLD })]);
  for (const partition of PARTITIONS) for (const lineage of [OLD, NEW]) await publish(lineage, partition, 1_000, 'redis');
  reads.releaseAll();
  await world.look();
  await Promise.all(asking);
  ask(0);
  await Promise.all(asking);
  expect(seen.get('0 visits')).toEqual({ lineage: NEW, positions: [1_000, 1_000, 1_000] });
  return world.switches;
}

it('serves one lineage at a time, at positions that never fall, and the new one in the end, for ever', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 120 }), async (steps) => {
      expect(await run(steps)).toEqual([`null ${OLD}`, `${OLD} ${NEW}`]);
    }),
    { numRuns: 300 },
  );
});
