/** The command line of a benchmark: numbers with a value for the whole run and one for the tiny mode of the tests. */
import { parseArgs } from 'node:util';

export interface BenchOptions<Name extends string> {
  number(name: Name | 'seed' | 'repeats'): number;
  readonly isTiny: boolean;
  readonly jsonFile: string | null;
  /** Where each service that is started leaves a profile of its processor time, or null. */
  readonly profileFolder: string | null;
  /** Every number, for the report. */
  readonly all: Readonly<Record<string, number>>;
}

/** `least`: the smallest that makes sense, default 1. */
export interface NumberOption {
  readonly full: number;
  readonly tiny: number;
  readonly least?: number;
}

const repeats: NumberOption = { full: 3, tiny: 1 };
const seed: NumberOption = { full: 1, tiny: 1 };

/** Throws an Error of one sentence for an unknown option or a number that is none. */
export function readBenchOptions<Name extends string>(args: readonly string[], numbers: Readonly<Record<Name, NumberOption>>): BenchOptions<Name> {
  const known: readonly (readonly [string, NumberOption])[] = Object.entries<NumberOption>({ seed, repeats, ...numbers });
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...Object.fromEntries(known.map(([name]) => [name, { type: 'string' as const }])),
      json: { type: 'string' },
      profile: { type: 'string' },
      tiny: { type: 'boolean' },
    },
  });
  const given: Readonly<Record<string, unknown>> = values;
  const isTiny = given['tiny'] === true;
  const all = Object.fromEntries(known.map(([name, option]) => [name, numberOf(name, option, { text: given[name], isTiny })]));
  return {
    number: (name) => all[name] ?? Number.NaN,
    isTiny,
    jsonFile: typeof given['json'] === 'string' ? given['json'] : null,
    profileFolder: typeof given['profile'] === 'string' ? given['profile'] : null,
    all,
  };
}

function numberOf(name: string, { full, tiny, least = 1 }: NumberOption, { text, isTiny }: { text: unknown; isTiny: boolean }): number {
  if (text === undefined) return isTiny ? tiny : full;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least) throw new Error(`--${name} must be a whole number from ${least} on, not ${String(text)}`);
  return value;
}
