/** Arbitrary record values: JSON events with everything that JSON, ids and times may hold, and a little damage. */
import fc from 'fast-check';

const text = fc.oneof(
  fc.constantFrom(
    'track',
    'page',
    'Service Booked',
    '',
    'u1',
    'ж',
    'a"b',
    '\u0000',
    '\ud800',
    '\ufffd',
    '😀'.repeat(120),
    'x'.repeat(201),
    '2026-11-21T18:00:04.120Z',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ maxLength: 8 }),
);
const numberToken = fc.oneof(
  fc.constantFrom(
    '0',
    '-0',
    '1e999',
    '-1e999',
    '123.45',
    '123.450',
    '1E2',
    '9007199254740993',
    '0.0000001',
    '1e21',
    '5',
    '1795284004120',
    '-62135596800001',
    '1e-400',
    '253402300799999.5',
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.integer().map(String),
);
const rawString = fc.oneof(
  text.map((value) => JSON.stringify(value)),
  fc.constantFrom('"\\u0041"', '"\\ud800"', '"\\ud83d\\ude00"', '"\\/"', '"tr\\u0061ck"', '"\\""', '"\\\\"', '"\u007f"'),
);
const brokenToken = fc.oneof(
  fc.constantFrom('05', '1.', '.5', '+1', '-', '1e', 'nul', 'tru e', '"\\x"', '"\\u00g0"', '"\t"', "'a'", '[1,]', '{"a":1,}', '{a:1}', '"'),
  text.map((value) => `"${value}"`),
);
const usualTime = fc.oneof(
  fc
    .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })
    .map((date) => `"${date.toISOString()}"`),
  fc
    .tuple(fc.constantFrom('', '.5', '.1234'), fc.constantFrom('Z', '+03:00', '-0330', '+14', 'z'))
    .map(([fraction, zone]) => `"2026-11-21T18:00:04${fraction}${zone}"`),
);
const time = fc.oneof(
  { weight: 5, arbitrary: usualTime },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom(
          '2026-11-21',
          '2026-02-30',
          '2024-02-29',
          '1900-02-29',
          '0000-01-01',
          '0001-01-01',
          '9999-12-31',
          '2026-13-01',
          '2026-1-01',
          '+002026-01-01',
          '1969-12-31',
        ),
        fc.constantFrom('T', 't', ' ', 'T', 'T'),
        fc.constantFrom('18:00:04', '18:00', '23:59:60', '24:00:00', '00:60:00', '00:00:61', '1:00:00', '18:00:0a', '00:00:00'),
        fc.constantFrom('', '.1', '.12', '.123', '.1239', '.', '.9999999999', '.12x', ',5'),
        fc.constantFrom('Z', 'z', '+03:00', '-0330', '+14', '', '+24:00', '-00:60', '+1:00', 'Z ', '-03:00', '+03:0', '+0300Z'),
      )
      .map((parts) => `"${parts.join('')}"`),
  },
);
const { value: json } = fc.letrec<{ value: string; object: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    rawString,
    numberToken,
    fc.constantFrom('true', 'false', 'null', '{}', '[]', '{"a":{"b":3}}'),
    tie('object'),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
  ),
  object: fc
    .array(
      fc.tuple(
        fc.oneof(
          fc.constantFrom(
            '"plan"',
            '"a"',
            '"b"',
            '"__proto__"',
            '"constructor"',
            '""',
            '"\ufffd"',
            '"ключ"',
            '"type"',
            '"device"',
            '"pl\\u0061n"',
            '"list"',
            '"length"',
          ),
          rawString,
        ),
        tie('value'),
      ),
      { maxLength: 5 },
    )
    .map((members) => `{${members.map(([name, value]) => `${name}:${value}`).join(',')}}`),
}));

/** A value that is mostly right for a member of an event. */
const mostly = (right: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof({ weight: 60, arbitrary: right }, { weight: 2, arbitrary: json }, { weight: 1, arbitrary: brokenToken });
const member = (name: string, right: fc.Arbitrary<string>): fc.Arbitrary<string> => mostly(right).map((value) => `"${name}":${value}`);
const id = (letter: string): fc.Arbitrary<string> =>
  fc.oneof(
    fc.integer({ min: 0, max: 99 }).map((n) => `"${letter}${n}"`),
    fc.constantFrom('7', '-7', '1.50', 'null', '""', '"ж"', '"\\u0041"', '0', '123456789012345678'),
    rawString.filter((token) => token.length > 2),
  );
const space = fc.constantFrom('', '', '', ' ', '\n', '\t \r');
const container = json.filter((value) => value.startsWith('{'));

const eventText = fc
  .tuple(
    fc.tuple(
      member('type', fc.constantFrom('"track"', '"track"', '"track"', '"page"', '"identify"', '"tr\\u0061ck"')),
      member('event', fc.oneof({ weight: 3, arbitrary: fc.constantFrom('"Service Booked"', '"ж"', '"a\\"b"') }, { weight: 1, arbitrary: rawString })),
      member('userId', id('u')),
      member('anonymousId', id('a')),
      member('messageId', id('m')),
      member('timestamp', fc.oneof({ weight: 6, arbitrary: time }, { weight: 1, arbitrary: numberToken })),
      member('properties', container),
      member('context', fc.oneof(fc.constant('{"device":{"type":"ios"}}'), container)),
      member('amount', json),
    ),
    fc.array(fc.tuple(fc.constantFrom('type', 'event', 'userId', 'properties', 'timestamp', 'x', '__proto__'), json), {
      minLength: 0,
      maxLength: 1,
      size: 'xsmall',
    }),
    fc.nat(40),
    space,
    fc.boolean(),
  )
  .map(([members, extra, dropped, gap, reversed]) => {
    const kept = members.filter((_, index) => index !== dropped);
    const all = [...kept, ...extra.map(([name, value]) => `"${name}":${value}`)];
    if (reversed) all.reverse();
    return `${gap}{${gap}${all.join(`${gap},${gap}`)}${gap}}${gap}`;
  });

const mutation = fc.record({
  kind: fc.constantFrom('flip', 'insert', 'delete', 'truncate', 'none', 'none', 'none', 'none', 'none', 'none'),
  at: fc.nat(),
  byte: fc.oneof(fc.nat(255), fc.constantFrom(0x22, 0x5c, 0, 0x7b, 0xef, 0x80)),
});
/** Bytes of record values: events of every shape, most of them acceptable, some damaged in one byte. */
export const recordValue: fc.Arbitrary<Buffer> = fc.tuple(eventText, mutation).map(([valueText, { kind, at, byte }]) => {
  const bytes = Buffer.from(valueText);
  const index = at % (bytes.length + 1);
  if (kind === 'flip') bytes[Math.min(index, bytes.length - 1)] = byte;
  if (kind === 'insert') return Buffer.concat([bytes.subarray(0, index), Buffer.from([byte]), bytes.subarray(index)]);
  if (kind === 'delete') return Buffer.concat([bytes.subarray(0, index), bytes.subarray(index + 1)]);
  return kind === 'truncate' ? bytes.subarray(0, index) : bytes;
});
