/** Rows of the table `events`: of records as objects, and of records where they lie in a batch of the log. */
import type { ArchivedRecord, Describer, LogBatch, RecordCollector } from '@tidemark/pipeline';
import { prefixOf, TabSeparatedRows } from './tab-separated.ts';

/** What both write, in this order. */
export const EVENT_COLUMNS = [
  'epoch',
  'partition',
  'offset',
  'record_ms',
  'key',
  'value',
  'control',
  'reason',
  'type',
  'event',
  'actor_kind',
  'actor_id',
  'message_id',
  'time_ms',
] as const;

/** A block is full beyond this; the first of a chunk begins small, for most chunks at the end of the log are. */
const BLOCK_BYTES = 256 * 1024;
const FIRST_BLOCK_BYTES = 16 * 1024;

/** TabSeparated, whole rows in every block. */
export interface EventRows {
  readonly blocks: readonly Buffer[];
  readonly count: number;
}

export function appendRecord(rows: TabSeparatedRows, record: ArchivedRecord): void {
  const { parsed } = record;
  rows.number(record.epoch).number(record.partition).number(record.offset).number(record.timestampMs);
  rows
    .raw(record.key)
    .raw(record.value)
    .number(record.control ? 1 : 0)
    .text(record.reason);
  rows
    .text(parsed?.type ?? '')
    .text(parsed?.event ?? '')
    .text(parsed?.actorKind ?? '')
    .text(parsed?.actorId ?? '');
  rows.text(parsed?.messageId ?? '').number(parsed?.timeMs ?? 0);
  rows.end();
}

/** Owns the rows of an open chunk. Collectors may share a describer, and with it what it has learned of the log's shapes. */
export class EventRowCollector implements RecordCollector<EventRows> {
  readonly #describer: Describer;
  readonly #epoch: number;
  #partition = -1;
  /** Epoch and partition, as every row begins. */
  #prefix: Buffer = Buffer.of();
  #open = new TabSeparatedRows(FIRST_BLOCK_BYTES);
  #blocks: Buffer[] = [];
  #count = 0;

  constructor(describer: Describer, epoch: number) {
    this.#describer = describer;
    this.#epoch = epoch;
  }

  add(batch: LogBatch, index: number): void {
    if (batch.partition !== this.#partition) {
      this.#partition = batch.partition;
      this.#prefix = prefixOf(String(this.#epoch), String(batch.partition));
    }
    this.#append(batch, index);
    if (this.#open.bytes > BLOCK_BYTES) this.#seal(2 * BLOCK_BYTES);
  }

  take(): EventRows {
    this.#seal(FIRST_BLOCK_BYTES);
    const taken = { blocks: this.#blocks, count: this.#count };
    this.#blocks = [];
    this.#count = 0;
    return taken;
  }

  #seal(nextBytes: number): void {
    if (this.#open.count === 0) return;
    this.#blocks.push(this.#open.toBuffer());
    this.#count += this.#open.count;
    this.#open = new TabSeparatedRows(nextBytes);
  }

  #append(batch: LogBatch, index: number): void {
    const rows = this.#open;
    const describer = this.#describer;
    const bytes = batch.bytes(index);
    const keyStart = batch.keyStart(index);
    const keyEnd = batch.keyEnd(index);
    const isControl = batch.isControl(index);
    const isAccepted = !isControl && describer.describeAt(batch, index);
    rows.prefix(this.#prefix).number(batch.offset(index)).number(batch.timestampMs(index)).range(bytes, keyStart, keyEnd);
    if (isAccepted && describer.isBare) rows.bare(bytes, batch.valueStart(index), batch.valueEnd(index));
    else rows.range(bytes, batch.valueStart(index), batch.valueEnd(index));
    if (isAccepted) {
      const { message } = describer;
      rows.number(0).text('').text(describer.type).text(describer.event).text(describer.actorKind);
      // The actor's id is the key, byte for byte.
      rows.range(bytes, keyStart, keyEnd).range(message.bytes, message.start, message.end).number(describer.timeMs);
    } else {
      rows.number(isControl ? 1 : 0).text(isControl ? '' : describer.reason);
      rows.prefix(NOT_PARSED);
    }
    rows.end();
  }
}

/** Five empty texts and no time. */
const NOT_PARSED = prefixOf('', '', '', '', '', '0');
