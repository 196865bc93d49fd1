/** The fast decoder and the plain one agree on every byte sequence: outcome, reason, fields, properties. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { agree, rightKey } from './decoder-agreement.ts';
import { recordValue } from './event-bytes.ts';

test('fast and plain decoder agree on events of every shape, whole and damaged', () => {
  let accepted = 0;
  fc.assert(
    fc.property(recordValue, fc.nat(20), (bytes, odd) => {
      const key = odd === 0 ? null : odd === 1 ? Buffer.from('u1') : rightKey(bytes);
      if (agree(key, bytes)) accepted += 1;
    }),
    { numRuns: 20_000 },
  );
  expect(accepted).toBeGreaterThan(4000);
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
