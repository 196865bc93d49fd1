/** The fast decoder and the plain one agree on every byte sequence: outcome, reason, fields, properties. */
import { type EventView, Vocabulary } from '@tidemark/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  actorHash,
  createDecoder,
  createPlainDecoder,
  type Decoder,
  describeEvent,
  messageHash,
  partitionAt,
  partitionOf,
  type RecordRanges,
} from '../src/index.ts';
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

/** The same record among other bytes, of which `behind` follow the value. They must be as before when it is decoded. */
function seenWithin(decoder: Decoder, key: Buffer | null, value: Buffer | null, behind: Buffer): unknown {
  const parts = [Buffer.from('"before'), key ?? Buffer.of(), Buffer.from([0x22, 0x5c]), value ?? Buffer.of(), behind];
  const bytes = Buffer.concat(parts);
  const keyStart = 7;
  const keyEnd = keyStart + (key?.length ?? 0);
  const records: RecordRanges = {
    bytes: () => bytes,
    keyStart: () => (key === null ? -1 : keyStart),
    keyEnd: () => (key === null ? -1 : keyEnd),
    valueStart: () => (value === null ? -1 : keyEnd + 2),
    valueEnd: () => (value === null ? -1 : keyEnd + 2 + value.length),
  };
  const event = decoder.decodeAt(records, 0);
  const seenEvent = event === null ? decoder.reason : fieldsOf(event);
  expect(bytes.equals(Buffer.concat(parts))).toBe(true);
  if (key !== null) expect(partitionAt('murmur2', records, 0, 1000)).toBe(partitionOf('murmur2', key, 1000));
  if (key !== null) expect(partitionAt('crc32', records, 0, 1000)).toBe(partitionOf('crc32', key, 1000));
  return seenEvent;
}

/** What may follow a value: nothing, too little to read whole words, more of the same kind. */
const BEHIND = ['', '"', '"}', '9'.repeat(15), '}'.repeat(16), '"}}'.repeat(9), `${' '.repeat(20)}`, 'x'.repeat(40)].map((text) => Buffer.from(text));
let round = 0;

function fieldsOf(event: EventView): unknown {
  const { nameId, isAction, timeMs, actor0, actor1, actor2, actor3, messageHigh, messageLow } = event;
  const properties = pathIds.map((path) => [event.property(path), event.sliceText(path), event.numberText(path)]);
  return { nameId, isAction, timeMs, actor0, actor1, actor2, actor3, messageHigh, messageLow, properties };
}

const accepted = { count: 0 };

function agree(key: Buffer | null, bytes: Buffer | null): void {
  const expected = seen(plain, key, bytes);
  expect(seen(fast, key, bytes)).toStrictEqual(expected);
  const behind = BEHIND[round++ % BEHIND.length] ?? Buffer.of();
  expect(seenWithin(fast, key, bytes, behind)).toStrictEqual(expected);
  if (round % 16 === 0) expect(seenWithin(plain, key, bytes, behind)).toStrictEqual(expected);
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

const usual = [
  '{"type":"track","messageId":"0b9c6d7e-3f57-4a8e-9a50-6f3f6c1c2a01","userId":"u1","event":"Service Booked","timestamp":"2026-11-21T18:00:04.120Z","properties":{"plan":"pro","a":{"b":1.5},"list":[1,"x",{"y":null}]},"context":{"device":{"type":"ios"}}}',
  '{"type":"track","messageId":"0b9c6d7e-3f57-4a8e-9a50-6f3f6c1c2a02","userId":"u1","event":"Service Booked","timestamp":"2026-11-21T18:00:04.120Z","properties":{"plan":"pro","a":[],"list":[1,2]},"context":{"device":{}}}',
  '{"userId":"u1","anonymousId":null,"type":"page","messageId":17,"timestamp":1795284004120,"properties":{"plan":true,"plan":-1e3}}',
  ' { "userId" : "u1" , "type" : "page" , "messageId" : "m" , "timestamp" : "2026-11-21T18:00:04+03:00" , "properties" : { "ключ" : "знач\\u0435ние" } }\n',
];

test('fast and plain decoder agree on damage to shapes that the fast one has learned', () => {
  for (let round = 0; round < 20; round += 1) for (const text of usual) agree(Buffer.from('u1'), Buffer.from(text));
  const splice = fc.record({
    at: fc.nat(260),
    cut: fc.constantFrom(0, 0, 1, 1, 1, 2, 7),
    put: fc.oneof(
      fc.constantFrom(
        '',
        '\tn',
        '"',
        '\\',
        '\0',
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '1',
        '0',
        '-',
        '.',
        'e5',
        ' ',
        'x',
        'я',
        '\ud800',
        'null',
        '{}',
        '"x":',
      ),
      fc.string({ maxLength: 5 }),
    ),
  });
  fc.assert(
    fc.property(fc.constantFrom(...usual), fc.array(splice, { minLength: 1, maxLength: 2 }), (text, splices) => {
      let bytes = Buffer.from(text);
      for (const { at, cut, put } of splices) bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(put), bytes.subarray(at + cut)]);
      agree(Buffer.from('u1'), bytes);
      agree(Buffer.from('u1'), Buffer.from(text));
    }),
    { numRuns: 8000 },
  );
});

test('fast and plain decoder agree on arbitrary bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      agree(Buffer.from('u1'), Buffer.from(bytes));
    }),
    { numRuns: 3000 },
  );
});
