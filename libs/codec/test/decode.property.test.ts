/** The fast decoder and the plain one agree on every byte sequence: outcome, reason, fields, properties. */
import { type EventView, Vocabulary } from '@tidemark/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { actorHash, createDecoder, createPlainDecoder, type Decoder, describeEvent, messageHash } from '../src/index.ts';
import { recordValue } from './event-bytes.ts';

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

/** The key that the record ought to have, when it can be told. */
function rightKey(bytes: Buffer): Buffer {
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

function fieldsOf(event: EventView): unknown {
  const { nameId, isAction, timeMs, actor0, actor1, actor2, actor3, messageHigh, messageLow } = event;
  const properties = pathIds.map((path) => [event.property(path), event.sliceText(path), event.numberText(path)]);
  return { nameId, isAction, timeMs, actor0, actor1, actor2, actor3, messageHigh, messageLow, properties };
}

const accepted = { count: 0 };

function agree(key: Buffer | null, bytes: Buffer | null): void {
  const expected = seen(plain, key, bytes);
  expect(seen(fast, key, bytes)).toStrictEqual(expected);
  const description = describeEvent(key, bytes);
  expect(fast.describe(key, bytes)).toStrictEqual(description);
  if (!description.accepted) {
    expect(description.reason).toBe(expected);
    return;
  }
  accepted.count += 1;
  const [actor0, actor1, actor2, actor3] = actorHash(description.actorKind, description.actorId);
  const [messageHigh, messageLow] = messageHash(description.messageId);
  expect(expected).toMatchObject({ timeMs: description.timeMs, actor0, actor1, actor2, actor3, messageHigh, messageLow });
}

test('fast and plain decoder agree on events of every shape, whole and damaged', () => {
  fc.assert(
    fc.property(recordValue, fc.nat(20), (bytes, odd) => {
      const key = odd === 0 ? null : odd === 1 ? Buffer.from('u1') : rightKey(bytes);
      agree(key, bytes);
    }),
    { numRuns: 20_000 },
  );
  expect(accepted.count).toBeGreaterThan(4000);
});

test('fast and plain decoder agree on arbitrary bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      agree(Buffer.from('u1'), Buffer.from(bytes));
    }),
    { numRuns: 3000 },
  );
});
