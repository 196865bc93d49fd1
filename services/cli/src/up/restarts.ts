/** How often something that ends by itself may be started again, and after which pause. */

const WINDOW_MS = 60_000;
const MAX_RESTARTS = 5;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 8_000;

export interface Restarts {
  /** The pause before the next start, or null when there were five within a minute already. */
  next(nowMs: number): number | null;
}

export function createRestarts(): Restarts {
  let recent: number[] = [];
  return {
    next: (nowMs) => {
      recent = recent.filter((atMs) => nowMs - atMs < WINDOW_MS);
      if (recent.length >= MAX_RESTARTS) return null;
      recent.push(nowMs);
      return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (recent.length - 1));
    },
  };
}
