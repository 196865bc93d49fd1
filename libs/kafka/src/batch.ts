/** A fetched batch as the pipeline reads it: accessors over kafkajs's messages, nothing allocated per record. */
import type { LogBatch } from '@tidemark/pipeline';

/** Marks a control record. The value says which; `tick` is the only one. */
export const CONTROL_HEADER = 'tidemark-control';
export const TICK = 'tick';

/** The part of a kafkajs message that is read. */
export interface FetchedMessage {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, unknown>>;
}

export interface FetchedBatch {
  readonly partition: number;
  readonly highWatermark: number;
  readonly requestedOffset: number;
  /** At least one, in offset order. */
  readonly messages: readonly FetchedMessage[];
}

/** Offsets stay below 2^48 (version.ts), so a double holds them exactly. */
export function logBatch(fetched: FetchedBatch): LogBatch {
  const { messages } = fetched;
  const at = (index: number): FetchedMessage => {
    const message = messages[index];
    if (message === undefined) throw new RangeError(`record ${index} of a batch of ${messages.length}`);
    return message;
  };
  return {
    partition: fetched.partition,
    length: messages.length,
    highWatermark: fetched.highWatermark,
    requestedOffset: fetched.requestedOffset,
    offset: (index) => Number(at(index).offset),
    timestampMs: (index) => Number(at(index).timestamp),
    key: (index) => at(index).key,
    value: (index) => at(index).value,
    isControl: (index) => {
      const { headers } = at(index);
      return headers !== undefined && Object.hasOwn(headers, CONTROL_HEADER);
    },
  };
}
