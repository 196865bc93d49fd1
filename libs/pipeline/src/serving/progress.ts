/** How far a lineage has come towards another, and when it will be there by the speed of the last minute. */

/** Records folded, over all partitions. */
export interface ProgressMark {
  readonly done: number;
  /** What the other one has folded. */
  readonly of: number;
}

export interface Progress {
  /** 0..1; null while there is nothing to compare with. */
  readonly share: number | null;
  /** Seconds until both are equal, at the speed of the last minute; null while it is unknown, or the distance does not shrink. */
  readonly etaSeconds: number | null;
}

export interface ProgressMemory {
  see(lineage: string, mark: ProgressMark, nowMs: number): void;
  /** Of the newest mark. */
  progress(lineage: string): Progress;
  /** Forgets all but these. */
  keep(lineages: ReadonlySet<string>): void;
}

interface Sample extends ProgressMark {
  readonly atMs: number;
}

const SAMPLE_EVERY_MS = 1_000;
const WINDOW_MS = 60_000;
/** A shorter look says nothing: publishes come in steps. */
const LEAST_MS = 3_000;
const UNKNOWN: Progress = { share: null, etaSeconds: null };

export function createProgressMemory(): ProgressMemory {
  const samples = new Map<string, readonly Sample[]>();
  const newest = new Map<string, Sample>();
  return {
    see(lineage, mark, nowMs) {
      const known = samples.get(lineage) ?? [];
      const last = known.at(-1);
      const sample = { ...mark, atMs: nowMs };
      newest.set(lineage, sample);
      // A store that was set back, or a clock: speeds from before mean nothing.
      const isBack = last !== undefined && (mark.done < last.done || nowMs < last.atMs);
      if (isBack) samples.set(lineage, [sample]);
      else if (last === undefined || nowMs - last.atMs >= SAMPLE_EVERY_MS)
        samples.set(lineage, [...known.filter(({ atMs }) => nowMs - atMs <= WINDOW_MS), sample]);
    },
    progress(lineage) {
      const last = newest.get(lineage);
      if (last === undefined) return UNKNOWN;
      const share = last.of === 0 ? 1 : Math.min(1, last.done / last.of);
      return { share, etaSeconds: etaSeconds(samples.get(lineage)?.[0], last) };
    },
    keep(lineages) {
      for (const memory of [samples, newest]) for (const lineage of memory.keys()) if (!lineages.has(lineage)) memory.delete(lineage);
    },
  };
}

function etaSeconds(first: Sample | undefined, last: Sample): number | null {
  const left = last.of - last.done;
  if (left <= 0) return 0;
  if (first === undefined || last.atMs - first.atMs < LEAST_MS) return null;
  const closed = first.of - first.done - left;
  return closed <= 0 ? null : Math.ceil((left * (last.atMs - first.atMs)) / closed / 1_000);
}
