/** Tests of the typed pieces of a configuration, by tables of accepted and rejected text. */
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import {
  booleanField,
  bytesField,
  choiceField,
  durationField,
  fieldHelp,
  hostPortListField,
  integerField,
  portField,
  urlField,
  urlListField,
} from '../src/fields.ts';

function read(field: z.ZodType, text: string): unknown {
  const parsed = field.safeParse(text);
  return parsed.success ? parsed.data : 'rejected';
}

const cases: readonly { name: string; field: z.ZodType; accepts: readonly (readonly [string, unknown])[]; rejects: readonly string[] }[] = [
  {
    name: 'port',
    field: portField(),
    accepts: [
      ['0', 0],
      ['65535', 65535],
      [' 8080 ', 8080],
    ],
    rejects: ['65536', '-1', '80.5', '0x50', '1e3', 'http', '٣'],
  },
  {
    name: 'boolean',
    field: booleanField(),
    accepts: [
      ['true', true],
      ['YES', true],
      ['1', true],
      ['off', false],
      ['0', false],
      ['No', false],
    ],
    rejects: ['2', 'y', 'enabled'],
  },
  {
    name: 'integer',
    field: integerField({ min: -5, max: 10 }),
    accepts: [
      ['-5', -5],
      ['10', 10],
      ['+3', 3],
    ],
    rejects: ['11', '-6', '1.0', '1e1', '', 'NaN'],
  },
  { name: 'unbounded integer', field: integerField(), accepts: [['9007199254740991', 9007199254740991]], rejects: ['9007199254740992', '-1'] },
  {
    name: 'bytes',
    field: bytesField({ maxBytes: 2 ** 30 }),
    accepts: [
      ['64MiB', 67108864],
      ['1.5 KiB', 1536],
      ['10kB', 10000],
      ['4096B', 4096],
      ['1gib', 2 ** 30],
    ],
    rejects: ['64', 'MiB', '2GiB', '-1B', '1TiB', '1constructor'],
  },
  {
    name: 'duration',
    field: durationField({ maxMs: 86_400_000 }),
    accepts: [
      ['250ms', 250],
      ['10s', 10000],
      ['1.5h', 5400000],
      ['2m', 120000],
      ['1d', 86400000],
    ],
    rejects: ['10', '2d', '1w', '-1s', 's', 'Infinitys'],
  },
  { name: 'choice', field: choiceField(['murmur2', 'crc32']), accepts: [['crc32', 'crc32']], rejects: ['CRC32', ''] },
  {
    name: 'url',
    field: urlField(),
    accepts: [
      ['http://127.0.0.1:8123', 'http://127.0.0.1:8123'],
      ['https://h/p?q=1', 'https://h/p?q=1'],
    ],
    rejects: ['h:8123', 'ftp://h', 'http://', 'javascript:alert(1)'],
  },
  {
    name: 'url list',
    field: urlListField({ schemes: ['redis'] }),
    accepts: [['redis://a:1,redis://b:2', ['redis://a:1', 'redis://b:2']]],
    rejects: ['redis://a,', 'redis://a,http://b', ''],
  },
  {
    name: 'host and port list',
    field: hostPortListField(),
    accepts: [
      ['a:1,b.c-d_e:65535', ['a:1', 'b.c-d_e:65535']],
      ['[::1]:9092', ['[::1]:9092']],
    ],
    rejects: ['a', 'a:0', 'a:65536', 'http://a:1', 'a:1,,b:2', 'a b:1', '::1:9092'],
  },
];

describe.each(cases)('$name', ({ field, accepts, rejects }) => {
  test.each(accepts)('accepts %j as %j', (text, value) => {
    expect(read(field, text)).toEqual(value);
  });
  test.each(rejects)('rejects %j', (text) => {
    expect(read(field, text)).toBe('rejected');
  });
});

test('the item of a list that is wrong is named', () => {
  const parsed = hostPortListField().safeParse('a:1,b');
  expect(parsed.error?.issues[0]?.message).toBe('item 2 is wrong, expected host:port pairs, separated by commas');
});

test('help survives default, optional and refine', () => {
  const expected = { example: '8080' };
  expect(fieldHelp(portField().default(1))).toMatchObject(expected);
  expect(fieldHelp(portField().optional())).toMatchObject(expected);
  expect(fieldHelp(portField().refine((port) => port !== 22))).toMatchObject(expected);
});
