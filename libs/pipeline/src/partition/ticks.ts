/** Decides when an owner appends a tick: a control record that moves a silent partition's clock, so that the watermark needs no exception for it. */

const SILENT_MS = 60_000;

export interface TickQuestion {
  readonly nowMs: number;
  readonly lastRecordAtMs: number;
  /** Position and end of the log; null when unknown. */
  readonly next: number | null;
  readonly logHigh: number | null;
  readonly clockMs: number | null;
  readonly latenessMs: number;
  /** Whether another partition's clock is near the wall clock: a topic of history only is never ticked into the present. */
  readonly otherPartitionLive: boolean;
}

/** Silent for a minute, no lag, and either near the wall clock already or without a clock while others live. */
export function shouldTick(question: TickQuestion): boolean {
  const { nowMs, next, logHigh, clockMs } = question;
  if (nowMs - question.lastRecordAtMs < SILENT_MS) return false;
  if (next === null || logHigh === null || next < logHigh) return false;
  return clockMs === null ? question.otherPartitionLive : clockMs >= nowMs - question.latenessMs;
}
