/** Gives the events of a file in time order: from memory while they fit, else by reading the file again if it is in order. */
import { exitCodes, exitError } from '@tidemark/runtime';
import type { FileEvent } from './rows.ts';

export interface OrderedEvents {
  readonly count: number;
  /** Epoch ms; meaningless without events. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** True when the file was not in time order and has been sorted. */
  readonly wasSorted: boolean;
  batches(): AsyncIterable<readonly FileEvent[]> | Iterable<readonly FileEvent[]>;
}

export interface TimeOrderOptions {
  /** Reads the whole file from its start, once per call; `again` when its bad rows are known already. */
  readonly read: (again: boolean) => AsyncIterable<readonly FileEvent[]>;
  readonly maxMemoryBytes: number;
  /** Names the file in errors. */
  readonly path: string;
  readonly onRead?: (count: number) => void;
}

/** What an event takes beside its bytes: the object, its strings' headers, its place in the list. */
const EVENT_OVERHEAD_BYTES = 200;

/** Events at one instant keep the order of the file. Throws an exit error for a file that is out of order and too large to sort. */
export async function inTimeOrder(options: TimeOrderOptions): Promise<OrderedEvents> {
  let held: FileEvent[] | null = [];
  let heldBytes = 0;
  const seen = { count: 0, firstMs: Number.POSITIVE_INFINITY, lastMs: Number.NEGATIVE_INFINITY, disorderAt: 0 };
  for await (const batch of options.read(false)) {
    for (const event of batch) {
      seen.count++;
      if (event.timeMs < seen.lastMs && seen.disorderAt === 0) seen.disorderAt = seen.count;
      seen.firstMs = Math.min(seen.firstMs, event.timeMs);
      seen.lastMs = Math.max(seen.lastMs, event.timeMs);
      if (held === null) continue;
      heldBytes += event.value.length + EVENT_OVERHEAD_BYTES;
      if (heldBytes <= options.maxMemoryBytes) held.push(event);
      else held = null;
    }
    options.onRead?.(batch.length);
    if (held === null && seen.disorderAt > 0) throw tooLarge(options, seen.disorderAt);
  }
  const { count, firstMs, lastMs } = seen;
  const wasSorted = seen.disorderAt > 0;
  if (held === null) return { count, firstMs, lastMs, wasSorted, batches: () => options.read(true) };
  const events = wasSorted ? held.sort((left, right) => left.timeMs - right.timeMs) : held;
  return { count, firstMs, lastMs, wasSorted, batches: () => [events] };
}

function tooLarge({ path, maxMemoryBytes }: TimeOrderOptions, disorderAt: number): Error {
  const mib = Math.floor(maxMemoryBytes / 1024 / 1024);
  const fix = 'sort it by its time column (for an ISO or yyyymmdd column: sort -t, -kN,N after the header line), or raise --sort-memory';
  return exitError(
    exitCodes.failed,
    `${path}: event ${disorderAt} is earlier than one before it, and the file does not fit into ${mib} MiB to be sorted here: ${fix}`,
  );
}
