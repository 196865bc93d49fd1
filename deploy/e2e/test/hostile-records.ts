/** Records as nobody should send them, and good ones among them: each with the outcome that it must have. */
import type { Outcome } from '@tidemark/core';

export interface HostileRecord {
  /** For the message of a failure. */
  readonly what: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Where it goes in place of its key's partition. */
  readonly partition?: number;
  readonly outcome: Outcome;
  /** Of a rejected one. */
  readonly reason: string;
}

/** A key of each partition, so that a case can be put where its clock is known. */
export type KeyIn = (partition: number, name: string) => string;

const BASE_MS = Date.UTC(2024, 5, 1, 12);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Every partition but the last begins with an event at this time. */
const CLOCK_MS = BASE_MS + 2 * HOUR_MS;
const MIB = 1024 * 1024;

interface Fields {
  readonly [name: string]: unknown;
}

let count = 0;

/** A good event with some of its members replaced; `undefined` takes one away. */
function event(userId: string, changes: Fields = {}): Buffer {
  count += 1;
  const whole = {
    type: 'track',
    event: 'Good',
    messageId: `m${count}`,
    userId,
    timestamp: iso(BASE_MS),
    properties: { colour: 'red', amount: 1.5 },
    ...changes,
  };
  return Buffer.from(JSON.stringify(whole));
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

function applied(what: string, key: string, value: Buffer): HostileRecord {
  return { what, key: Buffer.from(key), value, outcome: 'applied', reason: '' };
}

function rejected(reason: string, what: string, value: Buffer | string | null, key: string | null = 'u1'): HostileRecord {
  return {
    what,
    key: key === null ? null : Buffer.from(key),
    value: typeof value === 'string' ? Buffer.from(value) : value,
    outcome: 'rejected',
    reason,
  };
}

/** In the order of sending. `partitions` is the count; the last partition gets a year-1 event as its first record. */
export function hostileRecords(partitions: number, keyIn: KeyIn, nowMs: number): readonly HostileRecord[] {
  count = 0;
  const last = partitions - 1;
  return [
    ...clocks(last, keyIn),
    ...yearOne(keyIn(last, 'ancient')),
    ...broken(),
    ...wrongTypes(),
    ...wrongTimes(),
    ...wrongKeys(keyIn),
    ...tooMuch(),
    ...odd(),
    ...wrongMoments(keyIn, nowMs),
    ...crowds(),
  ];
}

function clocks(last: number, keyIn: KeyIn): HostileRecord[] {
  return Array.from({ length: last }, (_, partition) => {
    const key = keyIn(partition, 'clock');
    return applied('an event that sets the clock', key, event(key, { timestamp: iso(CLOCK_MS) }));
  });
}

function yearOne(key: string): HostileRecord[] {
  return [
    applied('year 1 as the first record of its partition', key, event(key, { timestamp: '0001-01-01T00:00:00.000Z' })),
    applied('the next day of year 1', key, event(key, { timestamp: '0001-01-02T00:00:00.000Z' })),
    applied('two thousand years later', key, event(key, { timestamp: iso(BASE_MS) })),
  ];
}

function broken(): HostileRecord[] {
  const good = event('u1').toString();
  return [
    rejected('broken_json', 'an open brace', '{'),
    rejected('broken_json', 'nothing at all', ''),
    rejected('broken_json', 'cut in the middle', good.slice(0, 40)),
    rejected('broken_json', 'a trailing comma', good.replace('}}', '},}')),
    rejected('broken_json', 'a byte order mark', `\uFEFF${good}`),
    rejected('broken_json', 'NUL behind the object', `${good}\0`),
    rejected('broken_json', 'two objects', good + good),
    rejected('broken_json', 'bytes of nothing', Buffer.from([0xff, 0xfe, 0x00, 0x01])),
    rejected('broken_json', 'single quotes', good.replaceAll('"', "'")),
    rejected('null_value', 'a tombstone', null),
    rejected('not_an_object', 'a list', `[${good}]`),
    rejected('not_an_object', 'null', 'null'),
    rejected('not_an_object', 'a number', '42'),
    rejected('not_an_object', 'a text', '"track"'),
  ];
}

function wrongTypes(): HostileRecord[] {
  return [
    rejected('bad_type', 'no type', event('u1', { type: undefined })),
    rejected('bad_type', 'an unknown type', event('u1', { type: 'tracks' })),
    rejected('bad_type', 'type __proto__', event('u1', { type: '__proto__' })),
    rejected('bad_type', 'a type that is a list', event('u1', { type: ['track'] })),
    rejected('bad_event_name', 'no event name', event('u1', { event: undefined })),
    rejected('bad_event_name', 'an empty event name', event('u1', { event: '' })),
    rejected('bad_event_name', 'a number as event name', event('u1', { event: 7 })),
    rejected('bad_event_name', 'an endless event name', event('u1', { event: 'x'.repeat(201) })),
    rejected('bad_actor', 'no actor', event('u1', { userId: undefined })),
    rejected('bad_actor', 'true as actor', event('u1', { userId: true })),
    rejected('bad_actor', 'an object as actor', event('u1', { userId: { id: 'u1' } })),
    rejected('bad_actor', 'an endless actor', event('u1', { userId: 'u'.repeat(513) })),
    rejected('bad_message_id', 'no messageId', event('u1', { messageId: undefined })),
    rejected('bad_message_id', 'an empty messageId', event('u1', { messageId: '' })),
    rejected('bad_message_id', 'a list as messageId', event('u1', { messageId: ['m'] })),
  ];
}

function wrongTimes(): HostileRecord[] {
  const times: Fields = {
    'no time': undefined,
    'time null': null,
    'a time in words': 'yesterday',
    'a date without a time': '2024-06-01',
    'a time without a zone': '2024-06-01T12:00:00',
    'the 30th of February': '2024-02-30T12:00:00Z',
    'year 0': '0000-12-31T23:59:59Z',
    'year 10000': '+010000-01-01T00:00:00Z',
    'hour 24': '2024-06-01T24:00:00Z',
    'an infinite number': 1e300,
    'a time that is an object': {},
  };
  return Object.entries(times).map(([what, timestamp]) => rejected('bad_timestamp', what, event('u1', { timestamp })));
}

function wrongKeys(keyIn: KeyIn): HostileRecord[] {
  const here = keyIn(0, 'lost');
  return [
    rejected('null_key', 'no key', event('u1'), null),
    rejected('key_mismatch', "somebody else's key", event('u1'), 'u2'),
    rejected('key_mismatch', 'an empty key', event('u1'), ''),
    { what: 'the right key in the wrong partition', key: Buffer.from(here), value: event(here), partition: 1, outcome: 'misrouted', reason: '' },
  ];
}

/** The event with `text` before its last brace. */
function withMore(value: Buffer, text: string): Buffer {
  return Buffer.from(`${value.toString().slice(0, -1)},${text}}`);
}

/** The event as so many bytes. */
function padded(bytes: number): Buffer {
  const value = withMore(event('u1'), '"pad":""');
  const open = value.length - 2;
  return Buffer.concat([value.subarray(0, open), Buffer.alloc(bytes - value.length, 'x'), value.subarray(open)]);
}

function nested(depth: number): Buffer {
  return withMore(event('u1'), `"deep":${'['.repeat(depth)}${']'.repeat(depth)}`);
}

function tooMuch(): HostileRecord[] {
  const keys = Array.from({ length: 100_000 }, (_, index) => `"${index.toString(36)}":0`).join(',');
  return [
    applied('1 MiB', 'u1', padded(MIB)),
    rejected('too_large', '1 MiB and a byte', padded(MIB + 1)),
    rejected('too_large', '2 MiB', padded(2 * MIB)),
    rejected('too_large', '2 MiB of zeros', Buffer.alloc(2 * MIB)),
    rejected('too_large', '3 MiB', padded(3 * MIB)),
    applied('64 levels', 'u1', nested(63)),
    rejected('too_deep', '65 levels', nested(64)),
    rejected('too_deep', '10,000 levels', nested(10_000)),
    rejected('broken_json', '10,000 levels that never close', `{"a":${'['.repeat(10_000)}`),
    applied('100,000 keys', 'u1', withMore(event('u1'), `"many":{${keys}}`)),
  ];
}

/** Odd, and yet good. */
function odd(): HostileRecord[] {
  const good = event('u1').toString();
  const withColour = (text: string): Buffer => Buffer.from(event('u1').toString().replace('"red"', text));
  return [
    applied('duplicate keys, of which the last wins', 'u1', Buffer.from(good.replace('"colour":"red"', '"colour":"red","colour":"blue"'))),
    applied(
      '__proto__ as a property',
      'u1',
      withMore(event('u1', { properties: undefined }), '"properties":{"colour":"red","__proto__":"polluted"}'),
    ),
    applied('__proto__ as an object', 'u1', withMore(event('u1'), '"__proto__":{"type":"track","polluted":true}')),
    applied('__proto__ as the actor', '__proto__', event('__proto__')),
    applied('constructor as the actor', 'constructor', event('constructor')),
    applied('__proto__ as a colour', 'u1', withColour('"__proto__"')),
    applied('hasOwnProperty as event name', 'u1', event('u1', { event: 'hasOwnProperty' })),
    applied('half a surrogate pair', 'u1', withColour('"\\ud83d"')),
    applied('the other half', 'u1', withColour('"x\\udc4d"')),
    applied('NUL, escaped', 'u1', withColour('"re\\u0000d"')),
    applied('tabs, newlines, quotes and backslashes', 'u1', withColour(JSON.stringify('a\tb\nc\'d"e\\f\\N\r{x:String}'))),
    applied(
      'invalid UTF-8 in a text',
      'u1',
      Buffer.concat([withColour('"\u0001"').subarray(0, 0), ...splitAt(withColour('"~"'), '~', Buffer.from([0xc3, 0x28]))]),
    ),
    applied('a colour of 10,000 letters', 'u1', withColour(`"${'é'.repeat(10_000)}"`)),
    applied('the rest of all slices', 'u1', withColour('"$other"')),
    applied('a colour that is an object', 'u1', withColour('{"red":1}')),
    applied('a colour that is true', 'u1', withColour('true')),
    applied('a colour of 1e999', 'u1', withColour('1e999')),
    applied('an amount of 1e999', 'u1', Buffer.from(event('u1').toString().replace('1.5', '1e999'))),
    applied('an amount that is a text', 'u1', event('u1', { properties: { amount: '1.5' } })),
    applied('an amount of half a cent', 'u1', event('u1', { properties: { amount: 0.005 } })),
    applied('an amount of minus half a cent', 'u1', event('u1', { properties: { amount: -0.005 } })),
    applied('an amount of 1e15', 'u1', event('u1', { properties: { amount: 1e15 } })),
    applied('a number as actor', '42', event('42', { userId: 42 })),
    applied('a leap second', 'u1', event('u1', { timestamp: '2024-06-01T11:59:60Z' })),
    applied('an anonymous actor', 'u1', event('u1', { userId: null, anonymousId: 'u1' })),
  ];
}

/** The bytes with those of a mark replaced. */
function splitAt(value: Buffer, mark: string, replacement: Buffer): Buffer[] {
  const at = value.indexOf(mark);
  return [value.subarray(0, at), replacement, value.subarray(at + mark.length)];
}

function wrongMoments(keyIn: KeyIn, nowMs: number): HostileRecord[] {
  const key = keyIn(2, 'moment');
  const at = (timestamp: unknown, more: Fields = {}): Buffer => event(key, { timestamp, ...more });
  const moment = (what: string, outcome: Outcome, value: Buffer): HostileRecord => ({ what, key: Buffer.from(key), value, outcome, reason: '' });
  const twice = at(iso(BASE_MS));
  return [
    moment('year 1', 'late', at('0001-01-01T00:00:00Z')),
    moment('year 1969', 'late', at(-1)),
    moment('a millisecond too late', 'late', at(iso(CLOCK_MS - 7 * DAY_MS - 1))),
    moment('late to the millisecond', 'applied', at(iso(CLOCK_MS - 7 * DAY_MS))),
    moment('year 9999', 'future', at('9999-12-31T23:59:59.999Z')),
    moment('two hours ahead', 'future', at(nowMs + 2 * HOUR_MS)),
    moment('the clock stands where it was', 'applied', at(iso(CLOCK_MS - 7 * DAY_MS + 1))),
    moment('once', 'applied', twice),
    moment('twice', 'duplicate', twice),
    moment('thrice, as another event', 'duplicate', at(iso(BASE_MS), { messageId: JSON.parse(twice.toString()).messageId, event: 'Better' })),
    moment('late and a duplicate', 'late', at('1999-01-01T00:00:00Z', { messageId: JSON.parse(twice.toString()).messageId })),
  ];
}

/** Many values of a slice, and many events of one actor: beyond the bounds of both. */
function crowds(): HostileRecord[] {
  const colours = Array.from({ length: 600 }, (_, index) =>
    applied(`colour ${index}`, 'painter', event('painter', { properties: { colour: `c${index}`, amount: 0.01 } })),
  );
  const busy = Array.from({ length: 4_200 }, (_, index) =>
    applied(
      `event ${index} of a busy actor`,
      'busy',
      event('busy', { timestamp: iso(BASE_MS + index), event: index % 10 === 9 ? 'Better' : 'Good' }),
    ),
  );
  return [...colours, ...busy, applied('the last good one', 'u9', event('u9'))];
}
