/** Ends a worker that has work to do and does none of it, so that whoever started it starts another: a consumer can be wedged while everything around it answers. */
import type { PartitionStatus } from '@tidemark/pipeline';
import { exitCodes, exitError, type SystemClock } from '@tidemark/runtime';

export interface StuckWatchOptions {
  readonly status: () => readonly PartitionStatus[];
  readonly clock: Pick<SystemClock, 'nowMs' | 'every'>;
  /** Without progress for so long; 0 never looks. */
  readonly afterMs: number;
}

export interface StuckWatch {
  /** Rejects with exit code 6 when a partition is stuck; never resolves. */
  readonly found: Promise<never>;
  stop(): Promise<void>;
}

const LOOK_EVERY_MS = 1_000;
/** A log that has not told its end for so long is away, and nothing can be read from it. */
const ANSWERS_WITHIN_MS = 15_000;

interface Stand {
  readonly next: number;
  readonly sinceMs: number;
}

export function watchForStuck({ status, clock, afterMs }: StuckWatchOptions): StuckWatch {
  const stands = new Map<string, Stand>();
  const found = Promise.withResolvers<never>();
  // Who stops in time may never look at it.
  found.promise.catch(() => undefined);
  const look = (): void => {
    const nowMs = clock.nowMs();
    const seen = new Set<string>();
    for (const each of status()) {
      const key = `${each.partition}/${each.lineage}`;
      seen.add(key);
      const { next } = each;
      const stand = stands.get(key);
      if (next === null || !hasWork(each, next, nowMs)) stands.delete(key);
      else if (stand === undefined || stand.next !== next) stands.set(key, { next, sinceMs: nowMs });
      else if (nowMs - stand.sinceMs >= afterMs) found.reject(exitError(exitCodes.stuck, messageOf(each, nowMs - stand.sinceMs)));
    }
    for (const key of stands.keys()) if (!seen.has(key)) stands.delete(key);
  };
  const repeater = afterMs === 0 ? null : clock.every(LOOK_EVERY_MS, look);
  return { found: found.promise, stop: async () => repeater?.stop() };
}

/** Records that could be folded now: a halt, a store that is away and a log that is away are told elsewhere, and a new process changes none of them. */
function hasWork({ halted, paused, logHigh, logHighAtMs }: PartitionStatus, next: number, nowMs: number): boolean {
  return halted === null && !paused && logHigh !== null && logHigh > next && nowMs - logHighAtMs <= ANSWERS_WITHIN_MS;
}

function messageOf({ partition, lineage, next, logHigh }: PartitionStatus, standsMs: number): string {
  const s = Math.round(standsMs / 1_000);
  return `partition ${partition} is stuck: ${s} s at position ${next} of ${logHigh} (lineage ${lineage}); this process ends, so that another can go on`;
}
