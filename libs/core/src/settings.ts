/** Settings that shape the fold: equal settings and definitions give equal integers, different ones another lineage. */

export interface FoldSettings {
  /** An event earlier than the partition's clock less this is late. */
  readonly latenessMs: number;
  /** An event later than its record's timestamp plus this is `future`. */
  readonly futureMs: number;
  /** Ids that the duplicate filter of a partition remembers; a power of two. */
  readonly duplicateWindow: number;
  /** Elements of one actor's timeline. */
  readonly timelineCap: number;
}

const DAY_MS = 86_400_000;

export const DEFAULT_SETTINGS: FoldSettings = { latenessMs: 7 * DAY_MS, futureMs: 3_600_000, duplicateWindow: 2 ** 20, timelineCap: 4096 };
