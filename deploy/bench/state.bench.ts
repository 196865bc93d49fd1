// Bytes of state per actor and kind of register, in memory and in a checkpoint, of the three shipped sets: `npm run bench -- state [--tiny]`.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { MetricSet } from '@tidemark/core';
import { parseMetricSet } from '@tidemark/definitions';
import { heapInUse } from './in-process/collect-garbage.ts';
import { FoldedPartitions, partitionCount, partitionOfKey } from './in-process/folded-partitions.ts';
import { tableText } from './in-process/table-text.ts';
import { actorsOf, type KindBytes, measureDays, measureKinds } from './state/measure.ts';
import { daysOf128, type World, worlds } from './state/worlds.ts';
import { readSet } from './worker-throughput/workload.ts';

export interface StateReport {
  readonly name: string;
  readonly actors: number;
  readonly events: number;
  readonly kinds: readonly KindBytes[];
  /** What the garbage collector says that the state takes: objects, and typed arrays, which are what the kinds sum up. */
  readonly heapBytes: number;
  readonly arrayBytes: number;
  /** Of the first set's actors: a register of 128 days. */
  readonly days: DaysReport | null;
}

export interface DaysReport {
  readonly rows: number;
  readonly windowWords: number;
  readonly memoryBytesPerRow: number;
  readonly packedBytesPerRow: number;
}

/** A worker that is catching up publishes about so often. */
const publishEvents = 10_000;

function measure(world: World, of: { readonly seed: number; readonly actors: number }, alsoDays: boolean): StateReport {
  const before = heapInUse();
  const folded = new FoldedPartitions([readSet(world.setFile)]);
  const days = alsoDays ? new FoldedPartitions([daysSet()]) : null;
  let events = 0;
  for (const event of world.events(of)) {
    events++;
    const [key, value] = [Buffer.from(event.key), Buffer.from(event.value)];
    const partition = partitionOfKey(key);
    folded.apply(partition, key, value);
    days?.apply(partition, key, value);
    if (events % publishEvents === 0) for (const each of [folded, days]) each?.dropClosed();
  }
  const after = heapInUse();
  const folds = folded.folds.flat();
  const dayRows = days === null ? null : measureDays(days.folds.flat());
  return {
    name: world.name,
    actors: actorsOf(folds),
    events,
    kinds: measureKinds(folds),
    heapBytes: after.heapBytes - before.heapBytes,
    arrayBytes: after.arrayBytes - before.arrayBytes,
    days:
      dayRows === null
        ? null
        : {
            rows: dayRows.rows,
            windowWords: dayRows.windowWords,
            memoryBytesPerRow: dayRows.memoryBytes / dayRows.rows,
            packedBytesPerRow: dayRows.packedBytes / dayRows.rows,
          },
  };
}

function daysSet(): MetricSet {
  const parsed = parseMetricSet(daysOf128, { file: 'days-of-128' });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.set;
}

function reportText({ name, actors, events, kinds, days, heapBytes, arrayBytes }: StateReport): string {
  const perActor = (bytes: number): string => (bytes / actors).toFixed(1);
  const total = (of: 'memoryBytes' | 'packedBytes'): number => kinds.reduce((sum, kind) => sum + kind[of], 0);
  const rows = kinds.map(({ kind, count, unit, memoryBytes, packedBytes }) => [
    kind,
    `${count.toLocaleString('en-US')} ${unit}`,
    perActor(memoryBytes),
    perActor(packedBytes),
  ]);
  const lines = [
    `${name}: ${actors.toLocaleString('en-US')} actors, ${events.toLocaleString('en-US')} events, ${partitionCount} partitions`,
    tableText([
      ['', 'of', 'B / actor in memory', 'B / actor packed'],
      ...rows,
      ['sum', '', perActor(total('memoryBytes')), perActor(total('packedBytes'))],
    ]),
    `by the garbage collector: ${perActor(arrayBytes)} B in arrays and ${perActor(heapBytes)} B in objects per actor${days === null ? '' : ', the register of 128 days included'}`,
  ];
  if (days !== null)
    lines.push(
      `a touched Days register of 128 days (${days.windowWords} words of window, ${days.rows.toLocaleString('en-US')} rows): memory ${days.memoryBytesPerRow.toFixed(1)} B, packed ${days.packedBytesPerRow.toFixed(1)} B on average, index apart`,
    );
  return lines.join('\n');
}

const { values } = parseArgs({
  options: {
    actors: { type: 'string' },
    seed: { type: 'string', default: '1' },
    json: { type: 'string' },
    tiny: { type: 'boolean', default: false },
  },
});
const of = { seed: Number(values.seed), actors: Number(values.actors ?? (values.tiny ? 2_000 : 100_000)) };
const reports: StateReport[] = [];
for (const world of worlds) {
  const report = measure(world, of, world === worlds[0]);
  console.log(`\n${reportText(report)}`);
  reports.push(report);
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ ...of, reports }, null, 2)}\n`);
