/** A broken promise, by the name that the executable model gives it. */

/**
 * I1 a row under a version has one value · I2 a closed head's rows are exactly its prefix · S no row is older than the closed head or above head and target ·
 * I3 after the faults both stores hold the whole log · I4 the manifest names what is there, decodes to the fold at its position and never goes back ·
 * I5 that state is reached within a bound · halt: a partition stopped though nothing is wrong with the log · crash: a worker ended by an error
 */
export type Law = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'S' | 'halt' | 'crash';

export class Violation extends Error {
  readonly law: Law;
  constructor(law: Law, text: string) {
    super(`${law}: ${text}`);
    this.name = 'Violation';
    this.law = law;
  }
}
