/** Rows of the table `events`: of records as objects, and of records where they lie in a batch of the log. */
import type { ArchivedRecord, Describer, LogBatch, RecordCollector } from '@tidemark/pipeline';
import { BLOCK_BYTES, type BlockPool } from './block-pool.ts';
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

/** No row has more beside its key, twice, and its value: an event's name, a message id, numbers, every byte escaped. */
const FIELDS_BYTES_MAX = 4096;

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
  readonly #epoch: number;
  readonly #describer: Describer;
  readonly #pool: BlockPool;
  #partition = -1;
  /** Epoch and partition, as every row begins. */
  #prefix: Buffer = Buffer.of();
  #open: TabSeparatedRows | null = null;
  #blocks: Buffer[] = [];
  #count = 0;

  constructor(options: { readonly epoch: number; readonly describer: Describer; readonly pool: BlockPool }) {
    this.#epoch = options.epoch;
    this.#describer = options.describer;
    this.#pool = options.pool;
  }

  add(batch: LogBatch, index: number): void {
    if (batch.partition !== this.#partition) {
      this.#partition = batch.partition;
      this.#prefix = prefixOf(String(this.#epoch), String(batch.partition));
    }
    const keyBytes = batch.keyEnd(index) - batch.keyStart(index);
    const rowBytesMax = 2 * (2 * keyBytes + batch.valueEnd(index) - batch.valueStart(index)) + FIELDS_BYTES_MAX;
    if (this.#open !== null && this.#open.bytes + rowBytesMax > BLOCK_BYTES) this.#seal();
    this.#open ??= new TabSeparatedRows(this.#pool.take());
    this.#append(this.#open, batch, index);
  }

  take(): EventRows {
    this.#seal();
    const taken = { blocks: this.#blocks, count: this.#count };
    this.#blocks = [];
    this.#count = 0;
    return taken;
  }

  #seal(): void {
    if (this.#open === null) return;
    this.#blocks.push(this.#open.toBuffer());
    this.#count += this.#open.count;
    this.#open = null;
  }

  #append(rows: TabSeparatedRows, batch: LogBatch, index: number): void {
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
