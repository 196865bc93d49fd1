// What is served, and when something else is: by positions, at once for words, never for what this release cannot read.
import { describe, expect, it } from 'vitest';
import { versionOf } from '../../src/index.ts';
import { createSwitching, definitionsOf, NEW, OLD, PARTITIONS, planOf, type Switching } from './switching.ts';

async function servedOld(next = 10): Promise<Switching> {
  const world = createSwitching();
  for (const partition of PARTITIONS) await world.publish(OLD, partition, next);
  world.serving.learn([planOf(OLD)]);
  await world.look();
  return world;
}

function servedBy({ serving }: Switching): string | undefined {
  return serving.catalogue.set('shop')?.lineage;
}

async function publishAll(world: Switching, lineage: string, next: number): Promise<void> {
  for (const partition of PARTITIONS) await world.publish(lineage, partition, next);
}

describe('another lineage', () => {
  it('is served once every partition has reached what the one before was answered at, not before', async () => {
    const world = await servedOld();
    await world.ask();
    world.serving.learn([planOf(NEW, { previous: OLD })]);
    await publishAll(world, NEW, 9);
    await world.publish(NEW, 0, 12);
    await world.look();
    expect(servedBy(world)).toBe(OLD);
    await publishAll(world, NEW, 10);
    await world.look();
    expect(servedBy(world)).toBe(NEW);
    expect((await world.ask()).map(({ lineage }) => lineage)).toEqual([NEW, NEW]);
  });

  it('does not wait for positions of the one before that nobody was told', async () => {
    const world = await servedOld();
    await world.ask();
    await publishAll(world, OLD, 500);
    world.serving.learn([planOf(NEW, { previous: OLD })]);
    await publishAll(world, NEW, 10);
    await world.look();
    expect(servedBy(world)).toBe(NEW);
  });

  it('is not served below the positions up to which it was compared', async () => {
    const world = await servedOld();
    world.serving.learn([planOf(NEW, { previous: OLD, positions: PARTITIONS.map(() => versionOf(1, 20)) })]);
    await publishAll(world, NEW, 19);
    await world.look();
    expect(servedBy(world)).toBe(OLD);
    await publishAll(world, NEW, 20);
    await world.look();
    expect(servedBy(world)).toBe(NEW);
  });

  it('takes over from one that is asked all the time and always a little ahead: questions wait for a moment', async () => {
    const world = await servedOld();
    world.serving.learn([planOf(NEW, { previous: OLD })]);
    let waits = 0;
    for (let turn = 1; turn <= 20 && servedBy(world) === OLD; turn++) {
      const next = 10 + turn * 10;
      // The new one stands, at every poll, where the old one was at the poll before.
      await publishAll(world, NEW, next - 10);
      await publishAll(world, OLD, next);
      const asked = world.ask().then(() => 'answered');
      const first = await Promise.race([asked, new Promise((resolve) => setTimeout(() => resolve('waits'), 20))]);
      if (first === 'waits') waits++;
      world.advance(200);
      await world.look();
      await asked;
    }
    expect(servedBy(world)).toBe(NEW);
    expect(waits).toBeGreaterThan(0);
  });

  it('is given up on for a while when it does not come after all: questions are answered by the one before', async () => {
    const world = await servedOld();
    await publishAll(world, NEW, 10);
    await world.publish(NEW, 1, 9);
    await world.ask();
    await world.publish(OLD, 1, 11);
    world.serving.learn([planOf(NEW, { previous: OLD })]);
    await world.publish(NEW, 1, 10);
    world.advance(300);
    await world.answerer.watch.poll('redis');
    await world.ask();
    await world.look();
    const asked = world.ask();
    world.advance(2_000);
    await world.look();
    expect((await asked).map(({ lineage }) => lineage)).toEqual([OLD, OLD]);
    expect((await world.ask()).map(({ lineage }) => lineage)).toEqual([OLD, OLD]);
  });

  it('may be the one before again', async () => {
    const world = await servedOld();
    await publishAll(world, NEW, 10);
    world.serving.learn([planOf(NEW, { previous: OLD })]);
    await world.look();
    await world.ask();
    world.serving.learn([planOf(OLD, { previous: NEW, positions: PARTITIONS.map(() => versionOf(1, 10)) })]);
    await world.look();
    expect(servedBy(world)).toBe(OLD);
    expect(world.switches).toEqual([`null ${OLD}`, `${OLD} ${NEW}`, `${NEW} ${OLD}`]);
  });

  it('is served at once by who begins after the switch, however far ahead the one before is by now', async () => {
    const world = createSwitching();
    await publishAll(world, OLD, 500);
    await publishAll(world, NEW, 20);
    world.serving.learn([planOf(NEW, { previous: OLD, positions: PARTITIONS.map(() => versionOf(1, 20)) })]);
    await world.look();
    expect(servedBy(world)).toBe(NEW);
  });

  it('that has lost what it had when it was compared leaves who begins with the one before', async () => {
    const world = createSwitching();
    await publishAll(world, OLD, 500);
    await publishAll(world, NEW, 19);
    world.serving.learn([planOf(NEW, { previous: OLD, positions: PARTITIONS.map(() => versionOf(1, 20)) })]);
    await world.look();
    expect(servedBy(world)).toBe(OLD);
    await publishAll(world, NEW, 500);
    await world.look();
    expect(servedBy(world)).toBe(NEW);
  });

  it('that has lost what it had is served all the same where there is nothing else, or no store says anything', async () => {
    const positions = PARTITIONS.map(() => versionOf(1, 20));
    const alone = createSwitching();
    await publishAll(alone, NEW, 19);
    alone.serving.learn([planOf(NEW, { positions })]);
    await alone.look();
    expect(servedBy(alone)).toBe(NEW);
    const away = createSwitching();
    for (const store of Object.values(away.stores)) store.intercept = () => 'lose';
    away.serving.learn([planOf(NEW, { positions, previous: OLD })]);
    await away.look();
    expect(servedBy(away)).toBe(NEW);
  });

  it('that this release cannot read is refused, once, and the one before goes on', async () => {
    const world = await servedOld();
    await publishAll(world, NEW, 50);
    for (let turn = 0; turn < 2; turn++) {
      world.serving.learn([planOf(NEW, { previous: OLD, sets: { [OLD]: definitionsOf(OLD) } })]);
      await world.look();
    }
    expect(servedBy(world)).toBe(OLD);
    expect(world.refusals).toEqual([`shop: lineage ${NEW} is to be served, but here its definitions make none, or another`]);
  });

  it('with a metric of another set is refused, and both sets go on as they were', async () => {
    const world = await servedOld();
    const other = { ...definitionsOf(OLD), name: 'store' };
    const lineages = [{ lineage: 'cccccccccccccccc', revision: other.revision, set: other, standing: 'serving' as const, sinceMs: 0, by: '' }];
    world.serving.learn([planOf(OLD), { name: 'store', target: 'cccccccccccccccc', positions: [], previous: null, lineages }]);
    expect(world.serving.catalogue.sets.map(({ set }) => set.name)).toEqual(['shop']);
    expect(world.refusals).toEqual(['metric purchases is in two sets, shop and store: give one of them another id']);
  });
});

describe('other words', () => {
  it('are served at once, of what is kept too, and figures are computed by them', async () => {
    const world = await servedOld();
    await world.ask();
    const described = definitionsOf(OLD);
    const metrics = described.metrics.map((metric) => ({ ...metric, owner: 'bob@example.com' }));
    world.serving.learn([planOf(OLD, { sets: { [OLD]: { ...described, metrics }, [NEW]: definitionsOf(NEW) } })]);
    expect((await world.ask()).map(({ owner, lineage }) => [owner, lineage])).toEqual([
      ['bob@example.com', OLD],
      ['bob@example.com', OLD],
    ]);
    expect(world.switches).toEqual([`null ${OLD}`]);
  });
});

describe('the first lineage of a set', () => {
  it('is not served before it was decided', async () => {
    const world = createSwitching();
    world.serving.learn([{ ...planOf(OLD), target: null }]);
    await world.look();
    expect(world.serving.catalogue.sets).toEqual([]);
    expect(world.serving.polled).toContain(NEW);
    world.serving.learn([planOf(NEW)]);
    expect(servedBy(world)).toBe(NEW);
  });
});

describe('progress', () => {
  it('is the share of what the served one has, and the time left by the speed of the last minute', async () => {
    const world = createSwitching();
    await publishAll(world, OLD, 1_000);
    world.serving.learn([planOf(OLD)]);
    expect(world.serving.progress(NEW)).toEqual({ share: null, etaSeconds: null });
    for (let second = 0; second <= 10; second++) {
      await publishAll(world, NEW, 100 + second * 10);
      await world.look();
      world.advance(1_000);
    }
    // 200 of 1,000 in each of three partitions; ten a second in each.
    expect(world.serving.progress(NEW)).toEqual({ share: 0.2, etaSeconds: 80 });
    for (let second = 0; second <= 70; second++) {
      await world.look();
      world.advance(1_000);
    }
    expect(world.serving.progress(NEW)).toEqual({ share: 0.2, etaSeconds: null });
    await publishAll(world, NEW, 1_000);
    await world.look();
    expect(world.serving.progress(NEW)).toEqual({ share: 1, etaSeconds: 0 });
  });
});

describe('a revision', () => {
  it('is answered by the lineage that has it: the served one, else what was served before rather than what is on its way', () => {
    const world = createSwitching();
    world.serving.learn([planOf(OLD)]);
    const of = (): readonly string[][] => world.serving.catalogue.revisions('purchases').map(({ metric, lineage }) => [metric.revision, lineage]);
    expect(of()).toEqual([
      ['1111111111111111', OLD],
      ['2222222222222222', NEW],
    ]);
    const plan = planOf(OLD);
    const third = { ...plan.lineages[0], lineage: 'cccccccccccccccc', standing: 'retired' as const };
    world.serving.learn([{ ...plan, lineages: [third as (typeof plan.lineages)[number], ...plan.lineages] }]);
    expect(of()).toHaveLength(2);
    expect(world.serving.catalogue.revisions('nothing')).toEqual([]);
  });
});
