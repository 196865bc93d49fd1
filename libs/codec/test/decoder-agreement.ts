/** The fast decoder against the plain one, record by record: what the property tests and the fuzzer have in common. */
import assert from 'node:assert/strict';
import { type EventView, Vocabulary } from '@tidemark/core';
import {
  actorHash,
  createDecoder,
  createDescriber,
  createPlainDecoder,
  type Decoder,
  describeEvent,
  type EventDescription,
  messageHash,
  partitionAt,
  partitionOf,
  type RecordRanges,
} from '../src/index.ts';

const vocabulary = new Vocabulary();
for (const name of ['Service Booked', '$page', 'ж', 'a"b', '\ufffd']) vocabulary.name(name);
const pathIds = [
  ['properties', 'plan'],
  ['properties', 'a', 'b'],
  ['properties', '__proto__'],
  ['properties', 'constructor'],
  ['properties', ''],
  ['properties', '\ufffd'],
  ['properties', '\ud800'],
  ['properties', 'ключ'],
  ['context', 'device', 'type'],
  ['context', 'device', 'type', 'length'],
  ['properties', 'list', '0'],
  ['properties'],
  ['event'],
  ['userId'],
  ['amount'],
  ['__proto__'],
  [],
].map((path) => vocabulary.path(path));
const fast = createDecoder(vocabulary);
const plain = createPlainDecoder(vocabulary);
const describer = createDescriber();

/** The key that the record ought to have, when it can be told. */
export function rightKey(bytes: Buffer): Buffer {
  try {
    const event: { userId?: unknown; anonymousId?: unknown } | null = JSON.parse(bytes.toString());
    const actor = event?.userId === '' ? event.anonymousId : (event?.userId ?? event?.anonymousId);
    return Buffer.from(String(actor));
  } catch {
    return Buffer.from('u1');
  }
}

function seen(decoder: Decoder, key: Buffer | null, bytes: Buffer | null): unknown {
  const event = decoder.decode(key, bytes);
  return event === null ? decoder.reason : fieldsOf(event);
}

/** The record among other bytes, of which `behind` follow the value. `read` must leave them as they were. */
function within<Answer>(
  { key, value, behind }: { readonly key: Buffer | null; readonly value: Buffer | null; readonly behind: Buffer },
  read: (records: RecordRanges) => Answer,
): Answer {
  const parts = [Buffer.from('"before'), key ?? Buffer.of(), Buffer.from([0x22, 0x5c]), value ?? Buffer.of(), behind];
  const bytes = Buffer.concat(parts);
  const keyStart = 7;
  const keyEnd = keyStart + (key?.length ?? 0);
  const answer = read({
    bytes: () => bytes,
    keyStart: () => (key === null ? -1 : keyStart),
    keyEnd: () => (key === null ? -1 : keyEnd),
    valueStart: () => (value === null ? -1 : keyEnd + 2),
    valueEnd: () => (value === null ? -1 : keyEnd + 2 + value.length),
  });
  assert.ok(bytes.equals(Buffer.concat(parts)), 'the bytes around and of the record are as before');
  return answer;
}

function seenWithin(decoder: Decoder, record: Parameters<typeof within>[0]): unknown {
  const { key } = record;
  return within(record, (records) => {
    const event = decoder.decodeAt(records, 0);
    const seenEvent = event === null ? decoder.reason : fieldsOf(event);
    if (key === null) return seenEvent;
    for (const partitioner of ['murmur2', 'crc32'] as const)
      assert.equal(partitionAt(partitioner, records, 0, 1000), partitionOf(partitioner, key, 1000));
    return seenEvent;
  });
}

/** What the archive writes of the record, in texts; that the value is bare is looked up. */
function describedWithin(record: Parameters<typeof within>[0]): EventDescription {
  return within(record, (records) => {
    if (!describer.describeAt(records, 0)) return { accepted: false, reason: describer.reason };
    const { type, event, actorKind, message, timeMs, isBare } = describer;
    if (isBare) assert.ok(record.value?.every((byte) => byte >= 0x20 && byte !== 0x5c) === true, 'a bare value has nothing to escape');
    const messageId = Buffer.from(message.bytes.subarray(message.start, message.end)).toString();
    return { accepted: true, type, event, actorKind, actorId: String(record.key), messageId, timeMs };
  });
}

/** What may follow a value: nothing, too little to read whole words, more of the same kind. */
const BEHIND = ['', '"', '"}', '9'.repeat(15), '}'.repeat(16), '"}}'.repeat(9), `${' '.repeat(20)}`, 'x'.repeat(40)].map((text) => Buffer.from(text));
let round = 0;

function fieldsOf(event: EventView): unknown {
  const { nameId, isAction, timeMs, actor0, actor1, actor2, actor3, messageHigh, messageLow } = event;
  const properties = pathIds.map((path) => [event.property(path), event.sliceText(path), event.sliceId(path), event.numberText(path)]);
  return { nameId, isAction, timeMs, actor0, actor1, actor2, actor3, messageHigh, messageLow, properties };
}

/** Throws an AssertionError unless both decoders answer the same: outcome, reason, fields and properties. True for an accepted record. */
export function agree(key: Buffer | null, bytes: Buffer | null): boolean {
  const expected = seen(plain, key, bytes);
  assert.deepStrictEqual(seen(fast, key, bytes), expected);
  const behind = BEHIND[round++ % BEHIND.length] ?? Buffer.of();
  assert.deepStrictEqual(seenWithin(fast, { key, value: bytes, behind }), expected);
  if (round % 16 === 0) assert.deepStrictEqual(seenWithin(plain, { key, value: bytes, behind }), expected);
  const description = describeEvent(key, bytes);
  assert.deepStrictEqual(describedWithin({ key, value: bytes, behind }), description);
  if (!description.accepted) {
    assert.equal(description.reason, expected);
    return false;
  }
  const [actor0, actor1, actor2, actor3] = actorHash(description.actorKind, description.actorId);
  const [messageHigh, messageLow] = messageHash(description.messageId);
  assert.partialDeepStrictEqual(expected, { timeMs: description.timeMs, actor0, actor1, actor2, actor3, messageHigh, messageLow });
  return true;
}
