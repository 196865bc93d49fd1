/** The options of a torture run, from the command line. */
import { parseArgs } from 'node:util';
import { type FaultKind, faultKinds } from './fault-kinds.ts';

export interface TortureOptions {
  /** Of the whole run; it is made of pieces, each on fresh engines. */
  readonly minutes: number;
  readonly pieceMinutes: number;
  /** Faults go on for so long, then everything is healed and compared. */
  readonly checkEverySeconds: number;
  readonly seed: number;
  /** Events per second. */
  readonly rate: number;
  /** In state before the faults begin; 0: only those of the traffic. */
  readonly actors: number;
  readonly only: readonly FaultKind[];
  /** Long faults last as long as the definition of the fault says; short ones are for the test. */
  readonly short: boolean;
  /** Between two faults of one lane. */
  readonly pauseMs: number;
  readonly jsonFile: string | null;
  /** Leaves the folder with data and logs where it is, and says where. */
  readonly keep: boolean;
  /** Whether the metrics are recomputed in SQL too. */
  readonly sql: boolean;
}

const usage = `npm run torture [-- --minutes=10 --piece=10 --check=150 --seed=N --rate=2000 --actors=0 --only=${faultKinds.slice(0, 2).join()},… --short --no-sql --keep --json=FILE]
faults: ${faultKinds.join(', ')}`;

/** Throws an Error whose message is for people. */
export function readOptions(args: readonly string[]): TortureOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '10' },
      piece: { type: 'string', default: '10' },
      check: { type: 'string', default: '150' },
      seed: { type: 'string' },
      rate: { type: 'string', default: '2000' },
      actors: { type: 'string', default: '0' },
      only: { type: 'string', default: '' },
      short: { type: 'boolean', default: false },
      pause: { type: 'string', default: '' },
      json: { type: 'string' },
      keep: { type: 'boolean', default: false },
      'no-sql': { type: 'boolean', default: false },
    },
  });
  const numberOf = (name: 'minutes' | 'piece' | 'check' | 'rate' | 'actors', least: number): number => {
    const number = Number(values[name]);
    if (!Number.isFinite(number) || number < least) throw new Error(`--${name}=${values[name]} is no number from ${least}\n${usage}`);
    return number;
  };
  const only = values.only.split(',').filter((name) => name !== '');
  const unknown = only.filter((name) => !faultKinds.some((kind) => kind === name));
  if (unknown.length > 0) throw new Error(`no fault ${unknown.join(', ')}\n${usage}`);
  return {
    minutes: numberOf('minutes', 0.1),
    pieceMinutes: numberOf('piece', 0.1),
    checkEverySeconds: numberOf('check', 5),
    seed: values.seed === undefined ? Math.floor(Math.random() * 1_000_000) : Number(values.seed),
    rate: numberOf('rate', 1),
    actors: numberOf('actors', 0),
    only: faultKinds.filter((kind) => only.length === 0 || only.includes(kind)),
    short: values.short,
    pauseMs: values.pause === '' ? 2_500 : Number(values.pause),
    jsonFile: values.json ?? null,
    keep: values.keep,
    sql: !values['no-sql'],
  };
}
