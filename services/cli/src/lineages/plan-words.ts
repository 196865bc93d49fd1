/** A plan in words: pure. */
import { describeMetric, type FieldChange, type MetricChange } from '@tidemark/definitions';
import { formatCount, formatDuration, printable } from '@tidemark/runtime';
import type { Cost } from './cost.ts';
import type { Act, Plan } from './plan.ts';

const OUTCOMES: Readonly<Record<Act, string>> = {
  nothing: 'nothing to do: it is served as it stands',
  describe: 'rebuilds nothing: the same integers are served under the new words',
  start: 'rebuilds the set beside what is served',
  go_on: 'is being rebuilt already: apply goes on with it',
  return: 'was served before and has been worked on since: apply goes back to it, nothing is rebuilt',
};

export function planWords(plan: Plan): readonly string[] {
  const { set, serving, change, otherFold, otherPast, act, lineage } = plan;
  const served = serving === null ? 'nothing of it is served yet' : `served is lineage ${serving.lineage}, revision ${serving.revision}`;
  const told = change.metrics.filter((each) => each.change !== 'unchanged');
  const same = change.metrics.filter((each) => each.change === 'unchanged').map(({ id }) => id);
  return [
    `set ${set.name}: ${told.length} of ${change.metrics.length} metrics change; ${served}`,
    ...told.flatMap((each) => metricWords(each, plan)),
    ...(same.length === 0 ? [] : [`  unchanged  ${same.join(', ')}`]),
    ...change.fields.map((field) => `  ${fieldWords(field)}`),
    ...(otherFold ? ['  every metric: what is served was begun by another release, or with another TIDEMARK_LATENESS'] : []),
    ...pastWords(otherPast, act),
    `${OUTCOMES[act]}${act === 'start' || act === 'go_on' || act === 'return' ? `, as lineage ${lineage}` : ''}`,
  ];
}

function pastWords(otherPast: boolean, act: Act): readonly string[] {
  if (!otherPast) return [];
  return act === 'start'
    ? [
        '  every metric: what is served counts what came late, for its past was rebuilt from the archive; apply begins no such lineage: run tidemark rebuild with this file, then apply',
      ]
    : ['  every metric: the past of one of the two is the archive in time order, where what came late counts'];
}

function metricWords({ id, change, rebuilds, fields }: MetricChange, { set }: Plan): readonly string[] {
  const head = `  ${(change === 'words' ? 'words' : change).padEnd(9)}  ${id}`;
  if (change === 'retired') return [`${head}  leaves the set; its figures stay readable under the old revision`];
  if (change === 'new') {
    const metric = set.metrics.find((each) => each.id === id);
    return [`${head}  ${metric === undefined ? '' : describeMetric(metric, set.dimensions)}`];
  }
  const free = change === 'edited' && !rebuilds ? '  (answered from the cells of others: rebuilds nothing)' : '';
  if (fields.length === 0) return [`${head}  by what it is computed from${free}`];
  const [first, ...more] = fields.map(fieldWords);
  return [`${head}  ${first}${free}`, ...more.map((text) => `${' '.repeat(head.length)}  ${text}`)];
}

export function fieldWords({ field, was, is }: FieldChange): string {
  return printable(`${field}: ${was ?? 'absent'} → ${is ?? 'absent'}`, 400);
}

export function costWords(cost: Cost): readonly string[] {
  const { records, recordsPerSecond, replayMs, rows, integers, newMetrics, stateBytes, restsOn } = cost;
  const speed = `about ${formatCount(recordsPerSecond)} a second`;
  return [
    records === null || replayMs === null
      ? `  replay  how many records is not known, at ${speed}`
      : `  replay  ${formatCount(records)} records at ${speed}: ${formatDuration(replayMs)} for one worker process`,
    ...(rows === null
      ? []
      : [`  cells   about ${formatCount(rows)} rows with ${formatCount(integers ?? 0)} integers, once more in Redis and in ClickHouse`]),
    ...newMetrics.map(({ id, cellsPerBucket }) => `  cells   ${id} is new: at most ${formatCount(cellsPerBucket)} integers a bucket and partition`),
    ...(stateBytes === null
      ? []
      : [`  state   about ${(stateBytes / 1_048_576).toFixed(1)} MiB more in Redis, and a few times that in the workers' memory`]),
    ...restsOn.map((text) => `  (${text})`),
  ];
}
