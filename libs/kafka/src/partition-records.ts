/** What a fetch brought of a partition as the pipeline reads it: for each record numbers in typed arrays, nothing allocated per record. */
import type { LogBatch } from '@tidemark/pipeline';
import { CONTROL_HEADER } from './control-header.ts';
import { decompress } from './decompress.ts';
import type { AbortedTransaction, FetchedRecords } from './fetch-response.ts';
import { type BatchHeader, endOfBatch, HEADER_BYTES, readHeader } from './record-batch-header.ts';
import { UnreadableBatch } from './unreadable-batch.ts';

/** The key of an abort marker: version 0, type 0. A commit marker's type is 1. */
const ABORT_TYPE = 0;
/** Length, attributes, two deltas, two lengths, number of headers: no record is smaller. */
const LEAST_RECORD_BYTES = 7;
const CONTROL_KEY = Buffer.from(CONTROL_HEADER);

/** What the batch continues and how long the log is. */
export interface FetchContext {
  readonly partition: number;
  readonly highWatermark: number;
  readonly requestedOffset: number;
  /** The offset that the fetch asked for: earlier records of a batch that spans it are left out. */
  readonly fetchedOffset: number;
}

/** Filled anew by every `read`; the bytes that it refers to are never changed, so slices of them may be kept. */
export class PartitionRecords implements LogBatch {
  partition = 0;
  length = 0;
  highWatermark = 0;
  requestedOffset = 0;
  nextOffset = 0;
  /** What records lie in: the response, and every decompressed batch. */
  #sources: Buffer[] = [];
  #capacity = 0;
  #offsets = new Float64Array(0);
  #timestamps = new Float64Array(0);
  #sourceOf = new Int32Array(0);
  #keyStarts = new Int32Array(0);
  #keyEnds = new Int32Array(0);
  #valueStarts = new Int32Array(0);
  #valueEnds = new Int32Array(0);
  #controls = new Uint8Array(0);
  /** Where the record that is being read stands. */
  #at = 0;

  /** Throws UnreadableBatch when the bytes are no record batches, or compressed in a way that is not known. */
  read(fetched: FetchedRecords, context: FetchContext): void {
    this.partition = context.partition;
    this.highWatermark = context.highWatermark;
    this.requestedOffset = context.requestedOffset;
    this.nextOffset = fetched.lastOffset + 1;
    this.length = 0;
    this.#sources = [fetched.bytes];
    const transactions = new AbortedTransactions(fetched.aborted);
    const { bytes, end } = fetched;
    for (let start = fetched.start, after = endOfBatch(bytes, start, end); after >= 0; start = after, after = endOfBatch(bytes, start, end)) {
      const header = readHeader(bytes, start);
      if (transactions.hides(header, bytes, start + HEADER_BYTES)) continue;
      if (header.codec === 0) this.#readBatch(header, { source: 0, start: start + HEADER_BYTES, end: after }, context.fetchedOffset);
      else {
        const plain = decompress(header.codec, bytes.subarray(start + HEADER_BYTES, after), header.firstOffset);
        const source = this.#sources.push(plain) - 1;
        this.#readBatch(header, { source, start: 0, end: plain.length }, context.fetchedOffset);
      }
    }
  }

  /** Lets go of the bytes; the batch is empty until it is read again. */
  clear(): void {
    this.length = 0;
    this.#sources = [];
  }

  offset(index: number): number {
    return this.#offsets[this.#checked(index)] ?? 0;
  }

  timestampMs(index: number): number {
    return this.#timestamps[this.#checked(index)] ?? 0;
  }

  isControl(index: number): boolean {
    return this.#controls[this.#checked(index)] === 1;
  }

  bytes(index: number): Buffer {
    const source = this.#sources[this.#sourceOf[this.#checked(index)] ?? 0];
    if (source === undefined) throw new RangeError(`record ${index} has no bytes`);
    return source;
  }

  keyStart(index: number): number {
    return this.#keyStarts[this.#checked(index)] ?? -1;
  }

  keyEnd(index: number): number {
    return this.#keyEnds[this.#checked(index)] ?? -1;
  }

  valueStart(index: number): number {
    return this.#valueStarts[this.#checked(index)] ?? -1;
  }

  valueEnd(index: number): number {
    return this.#valueEnds[this.#checked(index)] ?? -1;
  }

  key(index: number): Buffer | null {
    const start = this.keyStart(index);
    return start < 0 ? null : this.bytes(index).subarray(start, this.keyEnd(index));
  }

  value(index: number): Buffer | null {
    const start = this.valueStart(index);
    return start < 0 ? null : this.bytes(index).subarray(start, this.valueEnd(index));
  }

  #checked(index: number): number {
    if (index < 0 || index >= this.length) throw new RangeError(`record ${index} of a batch of ${this.length}`);
    return index;
  }

  #readBatch(header: BatchHeader, span: { readonly source: number; readonly start: number; readonly end: number }, fromOffset: number): void {
    const { recordCount, firstOffset } = header;
    // A count beyond what the bytes can hold fails at the first record that is not there.
    this.#reserve(this.length + Math.min(recordCount, Math.ceil((span.end - span.start) / LEAST_RECORD_BYTES)) + 1);
    this.#at = span.start;
    for (let record = 0; record < recordCount; record += 1) {
      if (!this.#readRecord(header, span.source, span.end))
        throw new UnreadableBatch(`the record batch at offset ${firstOffset} is damaged: its record ${record} of ${recordCount} is not whole`);
      if ((this.#offsets[this.length] ?? 0) >= fromOffset) this.length += 1;
    }
  }

  /** Reads the record at `#at` into the place behind the last one; false when it is not whole. */
  #readRecord(header: BatchHeader, source: number, end: number): boolean {
    const bytes = this.#source(source);
    const index = this.length;
    const size = this.#varint(bytes);
    const recordEnd = this.#at + size;
    if (size < LEAST_RECORD_BYTES - 1 || recordEnd > end) return false;
    // The attributes of a record are unused.
    this.#at += 1;
    const timestampDelta = this.#varlong(bytes);
    const offsetDelta = this.#varint(bytes);
    const keyLength = this.#varint(bytes);
    const keyStart = this.#at;
    if (keyLength > 0) this.#at += keyLength;
    if (keyLength < -1 || this.#at > recordEnd) return false;
    const valueLength = this.#varint(bytes);
    const valueStart = this.#at;
    if (valueLength > 0) this.#at += valueLength;
    if (valueLength < -1 || this.#at > recordEnd) return false;
    const isControl = this.#readHeaders(bytes, recordEnd);
    if (this.#at !== recordEnd) return false;
    this.#offsets[index] = header.firstOffset + offsetDelta;
    this.#timestamps[index] = header.appendTimeMs ?? header.firstTimestampMs + timestampDelta;
    this.#sourceOf[index] = source;
    this.#keyStarts[index] = keyLength < 0 ? -1 : keyStart;
    this.#keyEnds[index] = keyLength < 0 ? -1 : keyStart + keyLength;
    this.#valueStarts[index] = valueLength < 0 ? -1 : valueStart;
    this.#valueEnds[index] = valueLength < 0 ? -1 : valueStart + valueLength;
    this.#controls[index] = isControl ? 1 : 0;
    return true;
  }

  /** True when one of the record's headers marks it as control. Leaves `#at` off the record's end when they are broken. */
  #readHeaders(bytes: Buffer, recordEnd: number): boolean {
    let isControl = false;
    for (let left = this.#varint(bytes); left > 0 && this.#at < recordEnd; left -= 1) {
      const keyLength = this.#varint(bytes);
      const keyStart = this.#at;
      if (keyLength < 0 || keyLength > recordEnd - keyStart) return false;
      this.#at += keyLength;
      isControl ||= keyLength === CONTROL_KEY.length && CONTROL_KEY.compare(bytes, keyStart, keyStart + keyLength) === 0;
      const valueLength = this.#varint(bytes);
      if (valueLength > 0) this.#at += valueLength;
    }
    return isControl;
  }

  /** A signed number of at most 32 bits. */
  #varint(bytes: Buffer): number {
    let byte = bytes[this.#at] ?? 0;
    this.#at += 1;
    let raw = byte & 0x7f;
    for (let shift = 7; byte >= 0x80 && shift < 35; shift += 7) {
      byte = bytes[this.#at] ?? 0;
      this.#at += 1;
      raw |= (byte & 0x7f) << shift;
    }
    return (raw >>> 1) ^ -(raw & 1);
  }

  /** A signed number of at most 64 bits, exact up to 2^53. */
  #varlong(bytes: Buffer): number {
    let byte = bytes[this.#at] ?? 0;
    this.#at += 1;
    let raw = byte & 0x7f;
    for (let factor = 128; byte >= 0x80 && factor < 2 ** 70; factor *= 128) {
      byte = bytes[this.#at] ?? 0;
      this.#at += 1;
      raw += (byte & 0x7f) * factor;
    }
    return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
  }

  #source(source: number): Buffer {
    const bytes = this.#sources[source];
    if (bytes === undefined) throw new RangeError(`no source ${source}`);
    return bytes;
  }

  #reserve(records: number): void {
    if (records <= this.#capacity) return;
    const capacity = Math.max(1024, records, this.#capacity * 2);
    const grown = <Numbers extends Float64Array | Int32Array | Uint8Array>(larger: Numbers, numbers: Numbers): Numbers => {
      larger.set(numbers);
      return larger;
    };
    this.#capacity = capacity;
    this.#offsets = grown(new Float64Array(capacity), this.#offsets);
    this.#timestamps = grown(new Float64Array(capacity), this.#timestamps);
    this.#sourceOf = grown(new Int32Array(capacity), this.#sourceOf);
    this.#keyStarts = grown(new Int32Array(capacity), this.#keyStarts);
    this.#keyEnds = grown(new Int32Array(capacity), this.#keyEnds);
    this.#valueStarts = grown(new Int32Array(capacity), this.#valueStarts);
    this.#valueEnds = grown(new Int32Array(capacity), this.#valueEnds);
    this.#controls = grown(new Uint8Array(capacity), this.#controls);
  }
}

/** Which batches of a fetch are never handed over: markers, and what aborted transactions wrote. As the Java client decides it. */
class AbortedTransactions {
  readonly #begins: AbortedTransaction[];
  readonly #open = new Set<bigint>();

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#begins = [...aborted].sort((left, right) => left.firstOffset - right.firstOffset);
  }

  hides(header: BatchHeader, bytes: Buffer, recordsStart: number): boolean {
    const { producerId, lastOffset, isControl, isTransactional } = header;
    if (this.#begins.length > 0 || this.#open.size > 0) {
      for (let next = this.#begins[0]; next !== undefined && next.firstOffset <= lastOffset; next = this.#begins[0]) {
        this.#open.add(next.producerId);
        this.#begins.shift();
      }
      if (isControl && markerType(bytes, recordsStart) === ABORT_TYPE) this.#open.delete(producerId);
    }
    return isControl || (isTransactional && this.#open.has(producerId));
  }
}

/** Of a control batch's single record: length, attributes, two deltas and the key's length are one byte each, unless the deltas are larger. */
function markerType(bytes: Buffer, recordsStart: number): number {
  let at = recordsStart;
  const skipVarint = (): void => {
    while ((bytes[at] ?? 0) >= 0x80) at += 1;
    at += 1;
  };
  skipVarint();
  at += 1;
  skipVarint();
  skipVarint();
  skipVarint();
  // The key: version, type.
  return bytes.readInt16BE(at + 2);
}
