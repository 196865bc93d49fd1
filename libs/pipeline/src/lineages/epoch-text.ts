/** What an entry of kind `epoch` says, as its origin: which topic goes on with which, and where. */

/** A topic that continues another one. What stands in it at offset `from` is the record of position `at`, in each partition; positions never begin anew. */
export interface LogEpoch {
  /** `cluster/topic id/partitions` of the topic that goes on. */
  readonly log: string;
  /** The same of the topic before it. */
  readonly continues: string;
  /** By partition, the first offset that counts: what lies below was never read. */
  readonly from: readonly number[];
  /** By partition, the position of that offset: where the topic before it ended. */
  readonly at: readonly number[];
}

const MAX_LOG = 500;

/** The origin of an entry that raises the epoch. */
export function epochText(epoch: LogEpoch): string {
  const { log, continues, from, at } = epoch;
  return JSON.stringify({ log, continues, from, at });
}

/** Throws a RangeError when the text is none. */
export function readEpochText(text: string): LogEpoch {
  const given: unknown = jsonOf(text);
  if (typeof given === 'object' && given !== null && 'log' in given && 'continues' in given && 'from' in given && 'at' in given) {
    const { log, continues, from, at } = given;
    if (isLog(log) && isLog(continues) && isOffsets(from) && isOffsets(at) && from.length === at.length) return { log, continues, from, at };
  }
  throw new RangeError('origin must name a log, the one that it continues, and by partition the offsets and positions at which it does');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isLog(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_LOG;
}

function isOffsets(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0);
}
