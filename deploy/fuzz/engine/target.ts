/** What can be fuzzed: a module of a room that exports `fuzzTarget`, found by its path. */
import { pathToFileURL } from 'node:url';

export interface FuzzTarget {
  /** Well-formed inputs to begin with. */
  readonly seeds: () => readonly Uint8Array[];
  /** Words that mean something to the code under test. */
  readonly dictionary: readonly string[];
  /** Fresh inputs by a grammar of the target's own; the same seed gives the same inputs. */
  readonly generate?: (seed: number) => readonly Uint8Array[];
  /** Throws when the code under test broke a promise; returns whatever else came of the input. */
  readonly run: (input: Uint8Array) => void | Promise<void>;
}

/** The targets by name, in the order in which they are run: the path of each from the root. */
export const targetFiles: ReadonlyMap<string, string> = new Map([
  ['state', 'libs/codec/test/fuzz/state.fuzz.ts'],
  ['record', 'libs/codec/test/fuzz/record.fuzz.ts'],
  ['query', 'services/query/test/fuzz/query.fuzz.ts'],
  ['definition', 'libs/definitions/test/fuzz/definition.fuzz.ts'],
  ['batch', 'libs/kafka/test/fuzz/batch.fuzz.ts'],
]);

/** `file`: absolute. Throws when the module exports no target. */
export async function loadTarget(file: string): Promise<FuzzTarget> {
  const module: unknown = await import(pathToFileURL(file).href);
  const target: unknown = typeof module === 'object' && module !== null && 'fuzzTarget' in module ? module.fuzzTarget : undefined;
  if (!isTarget(target)) throw new Error(`${file} exports no fuzzTarget`);
  return target;
}

function isTarget(value: unknown): value is FuzzTarget {
  return (
    typeof value === 'object' &&
    value !== null &&
    'seeds' in value &&
    typeof value.seeds === 'function' &&
    'run' in value &&
    typeof value.run === 'function' &&
    'dictionary' in value &&
    Array.isArray(value.dictionary)
  );
}
