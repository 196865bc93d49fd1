/** Worked examples of what a record says: its name, its actor, its instant, its identity; both decoders read the same. */
import { type EventView, Vocabulary } from '@tidemark/core';
import { describe, expect, test } from 'vitest';
import { actorHash, createDecoder, createPlainDecoder, messageHash } from '../src/index.ts';

const NAMES = ['Bought', '$page', '$screen', '$identify', '$group', '$alias'];
const vocabulary = new Vocabulary();
const nameIds = new Map(NAMES.map((name) => [vocabulary.name(name), name]));

/** What both decoders make of an event with these members beside or instead of the usual ones. */
function read<T>(members: Readonly<Record<string, unknown>>, key: string, of: (event: EventView) => T): T {
  const usual = { type: 'track', event: 'Bought', userId: 'u1', messageId: 'm1', timestamp: '2026-11-01T10:00:00Z' };
  const bytes = Buffer.from(JSON.stringify({ ...usual, ...members }));
  const [fast, plain] = [createDecoder(vocabulary), createPlainDecoder(vocabulary)].map((decoder) => {
    const event = decoder.decode(Buffer.from(key), bytes);
    if (event === null) throw new Error(decoder.reason);
    return of(event);
  });
  expect(fast).toStrictEqual(plain);
  return fast as T;
}

const actorOf = ({ actor0, actor1, actor2, actor3 }: EventView) => [actor0, actor1, actor2, actor3];

describe('the name', () => {
  test('of a track is its event; page, screen, identify, group and alias are named after their type', () => {
    const nameOf = (type: string) => read({ type }, 'u1', ({ nameId, isAction }) => [nameIds.get(nameId), isAction]);
    expect(['track', 'page', 'screen', 'identify', 'group', 'alias'].map(nameOf)).toEqual([
      ['Bought', true],
      ['$page', true],
      ['$screen', true],
      ['$identify', false],
      ['$group', false],
      ['$alias', false],
    ]);
  });
});

describe('the actor', () => {
  test('is the userId, else the anonymousId: a text that is not empty, or a number as its text', () => {
    expect(read({ userId: 'u1', anonymousId: 'a1' }, 'u1', actorOf)).toEqual([...actorHash('user', 'u1')]);
    expect(read({ userId: 42 }, '42', actorOf)).toEqual([...actorHash('user', '42')]);
    for (const userId of ['', null, undefined]) expect(read({ userId, anonymousId: 'a1' }, 'a1', actorOf)).toEqual([...actorHash('anonymous', 'a1')]);
  });

  test('of one id is somebody else as a user than as an anonymous visitor', () => {
    expect(read({ userId: '42' }, '42', actorOf)).not.toEqual(read({ userId: null, anonymousId: '42' }, '42', actorOf));
  });
});

test('the instant is ISO 8601 with a zone, or epoch milliseconds', () => {
  const timeOf = (timestamp: string | number) => read({ timestamp }, 'u1', ({ timeMs }) => timeMs);
  const instantMs = Date.UTC(2026, 10, 1, 10);
  expect(['2026-11-01T10:00:00Z', '2026-11-01T14:00:00.000+04:00', '2026-11-01T06:30-0330', instantMs].map(timeOf)).toEqual(
    Array.from({ length: 4 }, () => instantMs),
  );
});

test('the identity is the messageId, whatever else the event says', () => {
  const idOf = (members: Readonly<Record<string, unknown>>) => read(members, 'u1', ({ messageHigh, messageLow }) => [messageHigh, messageLow]);
  expect(idOf({ messageId: 'm1', event: 'Paid', timestamp: 0 })).toEqual([...messageHash('m1')]);
  expect(idOf({ messageId: 'm2' })).not.toEqual(idOf({ messageId: 'm1' }));
});
