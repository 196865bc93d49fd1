// What the command line of the worker benchmark may say.
import { parseArgs } from 'node:util';
import { type Workload, type WorkloadOptions, workloads } from './workload.ts';

export interface BenchOptions extends WorkloadOptions {
  readonly repeats: number;
  /** Topic prefix; a topic that already holds records is used as it is. */
  readonly namespace: string;
  readonly jsonFile: string | null;
  /** Folder for a CPU profile of each process, or null. */
  readonly profileFolder: string | null;
  /** Contenders to run; the ratio needs `parse` and `worker`. */
  readonly only: readonly string[];
}

const DAY_S = 86_400;
/** Of `live` so many that most people have been seen before, and that what a process spends on compiling itself is little. */
const defaultEvents: Readonly<Record<Workload, string>> = { stream: '1000000', live: '8000000', history: '1000000' };
/** As few of the stream, as many of the dealer's history, as the two are made for. */
const defaultDays: Readonly<Record<Exclude<Workload, 'live'>, string>> = { stream: '10', history: '60' };

/** Throws an Error of one sentence for an unknown option or a number that is none. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      events: { type: 'string' },
      people: { type: 'string' },
      days: { type: 'string' },
      rate: { type: 'string' },
      workload: { type: 'string', default: 'stream' },
      repeats: { type: 'string' },
      seed: { type: 'string', default: '1' },
      namespace: { type: 'string' },
      json: { type: 'string' },
      profile: { type: 'string' },
      only: { type: 'string', default: 'bare,parse,fold,worker' },
      tiny: { type: 'boolean', default: false },
    },
  });
  const workload = workloadOf(values.workload);
  const events = count('events', values.events ?? (values.tiny ? '20000' : defaultEvents[workload]));
  const people = count('people', values.people ?? (values.tiny ? '2000' : '100000'));
  if (values.rate !== undefined && workload !== 'live') throw new Error(`--rate belongs to --workload=live; ${workload} takes --days`);
  if (values.days !== undefined && workload === 'live') throw new Error('--workload=live takes --rate, events a second, and no --days');
  const days = workload === 'live' ? events / count('rate', values.rate ?? '20000') / DAY_S : count('days', values.days ?? defaultDays[workload]);
  const seed = count('seed', values.seed);
  return {
    workload,
    events,
    people,
    days,
    repeats: count('repeats', values.repeats ?? (values.tiny ? '1' : '3')),
    seed,
    namespace: values.namespace ?? `bench-${workload}-${seed}-${people}-${Math.round(days * DAY_S)}s-${events}`,
    jsonFile: values.json ?? null,
    profileFolder: values.profile ?? null,
    only: values.only.split(','),
  };
}

function workloadOf(text: string): Workload {
  const known = workloads.find((workload) => workload === text);
  if (known === undefined) throw new Error(`--workload must be one of ${workloads.join(', ')}, not ${text}`);
  return known;
}

function count(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name} must be a whole number from 1 on, not ${text}`);
  return value;
}
