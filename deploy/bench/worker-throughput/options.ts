// What the command line of the worker benchmark may say.
import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** About how many. */
  readonly events: number;
  readonly people: number;
  /** Days of history that the events are spread over: the fewer, the more events of an actor fall into one bucket. */
  readonly days: number;
  readonly repeats: number;
  readonly seed: number;
  /** Topic prefix; a topic that already holds records is used as it is. */
  readonly namespace: string;
  readonly jsonFile: string | null;
  /** Folder for a CPU profile of each process, or null. */
  readonly profileFolder: string | null;
  /** Contenders to run; the ratio needs `parse` and `worker`. */
  readonly only: readonly string[];
}

/** Throws an Error of one sentence for an unknown option or a number that is none. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      events: { type: 'string' },
      people: { type: 'string' },
      days: { type: 'string', default: '60' },
      repeats: { type: 'string' },
      seed: { type: 'string', default: '1' },
      namespace: { type: 'string' },
      json: { type: 'string' },
      profile: { type: 'string' },
      only: { type: 'string', default: 'bare,parse,worker' },
      tiny: { type: 'boolean', default: false },
    },
  });
  const events = count('events', values.events ?? (values.tiny ? '20000' : '1000000'));
  const people = count('people', values.people ?? (values.tiny ? '2000' : '100000'));
  const days = count('days', values.days);
  const seed = count('seed', values.seed);
  return {
    events,
    people,
    days,
    repeats: count('repeats', values.repeats ?? (values.tiny ? '1' : '3')),
    seed,
    namespace: values.namespace ?? `bench-${seed}-${people}-${days}-${events}`,
    jsonFile: values.json ?? null,
    profileFolder: values.profile ?? null,
    only: values.only.split(','),
  };
}

function count(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name} must be a whole number from 1 on, not ${text}`);
  return value;
}
