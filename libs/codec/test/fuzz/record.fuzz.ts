/** Fuzz target: the fast decoder answers what the plain one answers, for every value and key, also for shapes that it has just learned. */
import fc from 'fast-check';
import { agree, rightKey } from '../decoder-agreement.ts';
import { recordValue } from '../event-bytes.ts';

/** Between the values of one input: no JSON text may hold it. */
const NEXT_VALUE = 0x1e;
/** The first byte of an input chooses the key; another first byte: the one that belongs to the value. */
const KEYS: ReadonlyMap<number, Buffer | null> = new Map<number, Buffer | null>([
  [0x30, null],
  [0x31, Buffer.from('u1')],
  [0x32, Buffer.of()],
  [0x33, Buffer.from('ж')],
]);

const EVENTS = [
  '{"type":"track","messageId":"0b9c6d7e-3f57-4a8e-9a50-6f3f6c1c2a01","userId":"u1","event":"Service Booked","timestamp":"2026-11-21T18:00:04.120Z","properties":{"plan":"pro","a":{"b":1.5},"list":[1,"x",{"y":null}]},"context":{"device":{"type":"ios"}}}',
  '{"userId":"u1","anonymousId":null,"type":"page","messageId":17,"timestamp":1795284004120,"properties":{"plan":true,"plan":-1e3}}',
  ' { "userId" : "u1" , "type" : "page" , "messageId" : "m" , "timestamp" : "2026-11-21T18:00:04+03:00" , "properties" : { "ключ" : "знач\\u0435ние" } }\n',
  '{"type":"identify","anonymousId":"a1","messageId":"m1","timestamp":"0001-01-01T00:00:00Z","amount":12.50,"__proto__":{"a":1}}',
  'null',
  '[]',
];

function run(input: Uint8Array): void {
  const chosen = KEYS.get(input[0] ?? 0);
  const bytes = Buffer.from(input.subarray(1));
  for (let start = 0; start <= bytes.length; ) {
    const found = bytes.indexOf(NEXT_VALUE, start);
    const end = found < 0 ? bytes.length : found;
    // A copy: what the decoder does to the bytes must not depend on what stands around them here.
    const value = Buffer.from(bytes.subarray(start, end));
    agree(chosen === undefined ? rightKey(value) : chosen, value);
    start = end + 1;
  }
}

export const fuzzTarget = {
  seeds: () => [
    Buffer.of(),
    ...EVENTS.map((text) => Buffer.from(` ${text}`)),
    ...[...KEYS.keys()].map((byte) => Buffer.concat([Buffer.of(byte), Buffer.from(EVENTS[0] ?? '')])),
    Buffer.from(` ${[EVENTS[0], EVENTS[0], EVENTS[1]].join('\u001e')}`),
  ],
  dictionary: [
    '"type":"track",',
    '"type":"page",',
    '"event":"ж",',
    '"userId":"u1",',
    '"userId":1,',
    '"anonymousId":"a1",',
    '"messageId":"m1",',
    '"timestamp":0,',
    '"timestamp":"2026-11-21T18:00:04Z",',
    '"timestamp":"2024-02-29 23:59:60.999999+14:00",',
    '"timestamp":"9999-12-31T23:59:59.999Z",',
    '"properties":{"plan":',
    '"properties":{},',
    '"properties":null,',
    '"context":{"device":{"type":"x"}},',
    '"__proto__":{',
    '"constructor":1,',
    '"":0,',
    '\\u0000',
    '\\ud800',
    '\\ud83d\\ude00',
    '\\"',
    '\\\\',
    '\u001e',
    '\ufeff',
    '\u0000',
    '\ufffd',
    'null',
    'true',
    'false',
    '1e999',
    '-0',
    '1E+2',
    '0.1',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    ' ',
    '\t',
    '\n',
    '}}',
    ']]',
    '[[[[[[[[',
    '{"a":{"a":{"a":',
  ],
  generate: (seed: number) =>
    fc
      .sample(fc.tuple(recordValue, recordValue), { seed, numRuns: 16 })
      .map(([one, other]) => Buffer.concat([Buffer.of(0x20), one, Buffer.of(NEXT_VALUE), other])),
  run,
};
