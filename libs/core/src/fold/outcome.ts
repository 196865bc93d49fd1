/** What became of a record; every record has exactly one outcome, in this order of checks. */

export const OUTCOMES = ['control', 'rejected', 'misrouted', 'future', 'late', 'duplicate', 'applied'] as const;
export type Outcome = (typeof OUTCOMES)[number];

const APPLIED = OUTCOMES.indexOf('applied');

/** Records by outcome since the lineage's origin. Conservation: `read` is their sum. */
export class OutcomeCounters {
  readonly counts = new Float64Array(OUTCOMES.length);
  read = 0;

  count(outcome: Outcome): void {
    this.read++;
    // Nearly all are applied: one comparison instead of a search.
    const index = outcome === 'applied' ? APPLIED : OUTCOMES.indexOf(outcome);
    this.counts[index] = (this.counts[index] as number) + 1;
  }

  of(outcome: Outcome): number {
    return this.counts[OUTCOMES.indexOf(outcome)] as number;
  }

  /** `{ read, control, rejected, … }`. */
  toRecord(): Record<string, number> {
    return Object.fromEntries([['read', this.read], ...OUTCOMES.map((outcome): [string, number] => [outcome, this.of(outcome)])]);
  }

  restore(record: Readonly<Record<string, number>>): void {
    this.read = record.read ?? 0;
    OUTCOMES.forEach((outcome, index) => {
      this.counts[index] = record[outcome] ?? 0;
    });
  }

  /** Throws when records were lost or counted twice. */
  check(): void {
    const sum = this.counts.reduce((total, count) => total + count, 0);
    if (sum !== this.read) throw new Error(`conservation is broken: ${this.read} records read, ${sum} accounted for`);
  }
}
