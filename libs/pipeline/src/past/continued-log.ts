/** A log that goes on in another topic: its records stand behind those of the topic before it, at positions that go on too. */
// Whoever reads sees one log. What lies before the topic's first record is as if retention had deleted it: the archive has it (long-log.ts). So a state, a
// row's version, the archive's chain and every proof of them go on without a seam, and a record of the topic before is never taken for one of this.
import type { LogEpoch } from '../lineages/epoch-text.ts';
import { continuedIdentity } from '../lineages/log-epochs.ts';
import type { EventLog, LogBatch, LogBounds, LogHandler, LogIdentity } from '../ports/log.ts';

/** Without epochs, or for a topic that none of them names last, the log as it is. `identity` is that of its topic as it was found. */
export function continueLog(log: EventLog, { identity, epochs }: { readonly identity: LogIdentity; readonly epochs: readonly LogEpoch[] }): EventLog {
  const last = epochs.at(-1);
  if (last === undefined || continuedIdentity(identity, epochs).earlier === undefined) return log;
  const { positionOf, offsetOf } = createPlaces(last);
  return {
    identity: async () => continuedIdentity(await log.identity(), epochs),
    bounds: async () => new Map([...(await log.bounds())].map(([partition, bounds]) => [partition, shifted(bounds, partition, positionOf)])),
    run: (handler) => log.run(shiftedHandler(handler, { positionOf, offsetOf })),
    control: (partition, action) => {
      if ('seek' in action) log.control(partition, { seek: offsetOf(partition, action.seek) });
      else if ('commit' in action) log.control(partition, { commit: offsetOf(partition, action.commit) });
      else log.control(partition, action);
    },
    stop: () => log.stop(),
  };
}

export interface LogPlaces {
  /** Of an offset of the topic. */
  positionOf(partition: number, offset: number): number;
  /** Of a position; one that lies before the topic gives its first offset that counts. */
  offsetOf(partition: number, position: number): number;
}

/** How positions lie to the offsets of the topic that an epoch names. */
export function createPlaces({ from, at }: Pick<LogEpoch, 'from' | 'at'>): LogPlaces {
  const first = (partition: number): number => from[partition] ?? 0;
  const begin = (partition: number): number => at[partition] ?? 0;
  return {
    positionOf: (partition, offset) => begin(partition) + Math.max(0, offset - first(partition)),
    offsetOf: (partition, position) => first(partition) + Math.max(0, position - begin(partition)),
  };
}

function shifted({ low, high }: LogBounds, partition: number, positionOf: LogPlaces['positionOf']): LogBounds {
  return { low: positionOf(partition, low), high: positionOf(partition, high) };
}

function shiftedHandler(handler: LogHandler, { positionOf, offsetOf }: LogPlaces): LogHandler {
  return {
    assigned: async (partition) => {
      const position = await handler.assigned(partition);
      return position === null ? null : offsetOf(partition, position);
    },
    revoked: (partition) => handler.revoked(partition),
    batch: (batch) => handler.batch(shiftedBatch(batch, positionOf(batch.partition, 0) - offsetOf(batch.partition, 0))),
  };
}

/** The same records, each at its position. */
function shiftedBatch(batch: LogBatch, by: number): LogBatch {
  return {
    partition: batch.partition,
    length: batch.length,
    highWatermark: batch.highWatermark + by,
    requestedOffset: batch.requestedOffset + by,
    nextOffset: batch.nextOffset + by,
    offset: (index) => batch.offset(index) + by,
    timestampMs: (index) => batch.timestampMs(index),
    key: (index) => batch.key(index),
    value: (index) => batch.value(index),
    isControl: (index) => batch.isControl(index),
    bytes: (index) => batch.bytes(index),
    keyStart: (index) => batch.keyStart(index),
    keyEnd: (index) => batch.keyEnd(index),
    valueStart: (index) => batch.valueStart(index),
    valueEnd: (index) => batch.valueEnd(index),
  };
}
