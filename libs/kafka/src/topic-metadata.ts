/** Kafka's Metadata request, version 10, by hand: kafkajs stops at version 6, and only from 10 on does a broker tell a topic's id. */

/** What a broker says of one topic. */
export interface TopicMetadata {
  readonly clusterId: string;
  /** 32 hex digits; a re-created topic has another. */
  readonly topicId: string;
  readonly partitionCount: number;
  /** Kafka's error code of the topic: 0 none, 3 unknown topic. */
  readonly errorCode: number;
}

export const METADATA_API_KEY = 3;
/** The first version that carries topic ids (Kafka 2.8, KIP-516). */
export const METADATA_API_VERSION = 10;

/** What follows api key, version, correlation id and client id: the header's tagged fields, then the body. Never creates the topic. */
export function encodeMetadataRequest(topic: string): Buffer {
  const name = Buffer.from(topic, 'utf8');
  const noTags = 0;
  return Buffer.concat([
    // Header tags; an array of one topic; its id (zero: by name); its name.
    Buffer.from([noTags, 2]),
    Buffer.alloc(16),
    encodeVarint(name.length + 1),
    name,
    // The topic's tags; allow creation, include cluster operations, include topic operations; the body's tags.
    Buffer.from([noTags, 0, 0, 0, noTags]),
  ]);
}

/** The payload after the correlation id. Throws a RangeError on bytes that end too early. */
export function decodeMetadataResponse(payload: Buffer): TopicMetadata {
  const reader = new FlexibleReader(payload);
  reader.tags();
  reader.int32();
  reader.array(() => {
    reader.int32();
    reader.text();
    reader.int32();
    reader.text();
    reader.tags();
  });
  const clusterId = reader.text() ?? '';
  reader.int32();
  const [topic] = reader.array(() => readTopic(reader));
  if (topic === undefined) throw new RangeError('a Metadata response without the topic that was asked for');
  return { clusterId, ...topic };
}

function readTopic(reader: FlexibleReader): Omit<TopicMetadata, 'clusterId'> {
  const errorCode = reader.int16();
  reader.text();
  const topicId = reader.bytes(16).toString('hex');
  reader.bytes(1);
  const partitions = reader.array(() => {
    reader.int16();
    reader.int32();
    reader.int32();
    reader.int32();
    for (let list = 0; list < 3; list += 1) reader.array(() => reader.int32());
    reader.tags();
  });
  reader.int32();
  reader.tags();
  return { errorCode, topicId, partitionCount: partitions.length };
}

function encodeVarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** A position in the bytes of a flexible version: lengths are varints, one more than the length, 0 for null. */
class FlexibleReader {
  readonly #payload: Buffer;
  #at = 0;

  constructor(payload: Buffer) {
    this.#payload = payload;
  }

  bytes(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#payload.length) throw new RangeError('a Metadata response ends too early');
    const taken = this.#payload.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  int16(): number {
    return this.bytes(2).readInt16BE(0);
  }

  int32(): number {
    return this.bytes(4).readInt32BE(0);
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.bytes(1).readUInt8(0);
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a varint of more than five bytes');
  }

  text(): string | null {
    const length = this.varint();
    return length === 0 ? null : this.bytes(length - 1).toString('utf8');
  }

  array<T>(readItem: () => T): T[] {
    const items: T[] = [];
    for (let left = this.varint() - 1; left > 0; left -= 1) items.push(readItem());
    return items;
  }

  tags(): void {
    for (let left = this.varint(); left > 0; left -= 1) {
      this.varint();
      this.bytes(this.varint());
    }
  }
}
