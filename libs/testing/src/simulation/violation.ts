/** A broken promise, by the name that the executable model gives it. */

/**
 * I1 a row under a version has one value · I2 a closed head's rows are exactly its prefix · S no row is older than the closed head or above head and target ·
 * I3 after the faults both stores hold the whole log · I4 the manifest names what is there, decodes to the fold at its position and never goes back ·
 * I5 that state is reached within a bound · H a head goes back only when its store does · C every record that was read has one outcome ·
 * A the archive holds each record once, under an unbroken chain · Q an answer is the fold at the positions that it names ·
 * halt: a partition stopped though nothing is wrong with the log · crash: a process ended by an error
 */
export type Law = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'S' | 'H' | 'C' | 'A' | 'Q' | 'halt' | 'crash';

/** What the checker looks at, each by itself: the tests of the checker take one away and see what then passes. */
export const INVARIANTS = {
  'row value': 'I1',
  'row older than the head': 'S',
  'row above the target': 'S',
  'head at a record': 'I2',
  'head whole': 'I2',
  'note of the prefix': 'I2',
  'head never back': 'H',
  'no cell below zero': 'C',
  'one outcome per record': 'C',
  'segments there': 'I4',
  'segments stay': 'I4',
  'segments readable': 'I4',
  'manifest never back': 'I4',
  'state of the prefix': 'I4',
  'nothing absent but what is closed': 'I4',
  'archived as logged': 'A',
  'link of what is there': 'A',
  'archived once': 'A',
  'answer is the fold': 'Q',
  'no more retained than there are': 'Q',
  'halt with a reason': 'halt',
} as const satisfies Record<string, Law>;
export type Invariant = keyof typeof INVARIANTS;

export class Violation extends Error {
  readonly law: Law;
  constructor(law: Law, text: string) {
    super(`${law}: ${text}`);
    this.name = 'Violation';
    this.law = law;
  }
}

/** Which invariants are looked at. */
export class Checker {
  readonly #without: ReadonlySet<Invariant>;
  constructor(without: readonly Invariant[] = []) {
    this.#without = new Set(without);
  }

  /** Throws, unless the invariant was taken away. */
  broken(invariant: Invariant, text: string): void {
    if (!this.#without.has(invariant)) throw new Violation(INVARIANTS[invariant], text);
  }
}
