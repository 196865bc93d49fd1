/** The text of --map. */
import { expect, it } from 'vitest';
import { parseEventMap } from '../../src/events/event-map.ts';

function parsed(text: string): Record<string, unknown> | string {
  const result = parseEventMap(text);
  return result.ok ? Object.fromEntries(result.map) : result.problem;
}

it('reads columns, literals and time formats', () => {
  expect(parsed("user=customer,event='Purchase',time=date:yyyymmdd")).toEqual({
    userId: { column: 'customer' },
    event: { literal: 'Purchase' },
    timestamp: { column: 'date', format: 'yyyymmdd' },
  });
});

it('reads quoted columns and literals with commas, colons and doubled quotes', () => {
  expect(parsed(`user = "id, new:1" , event='It''s, done',time="at ""UTC""":'%d.%m.%Y, %H:%M', id=row`)).toEqual({
    userId: { column: 'id, new:1' },
    event: { literal: "It's, done" },
    timestamp: { column: 'at "UTC"', format: '%d.%m.%Y, %H:%M' },
    messageId: { column: 'row' },
  });
});

it('keeps colons inside of an unquoted time pattern', () => {
  expect(parsed('time=at:%Y-%m-%d %H:%M:%S')).toEqual({ timestamp: { column: 'at', format: '%Y-%m-%d %H:%M:%S' } });
});

it('reads paths into properties, context and traits', () => {
  expect(parsed("properties.plan=tier,context.device.type='web',anonymous=cookie,type='page'")).toEqual({
    'properties.plan': { column: 'tier' },
    'context.device.type': { literal: 'web' },
    anonymousId: { column: 'cookie' },
    type: { literal: 'page' },
  });
});

it('an empty map maps nothing', () => {
  expect(parsed(' ')).toEqual({});
});

it.each([
  ['user', 'expected name=column or name=\'literal\' at "user"'],
  ['usr=customer', 'unknown part of an event "usr": did you mean user?'],
  ['properties=x', 'unknown part of an event "properties": known are user, anonymous, event, time, id, type and paths such as properties.plan'],
  ['user=a,user=b', 'user is mapped twice'],
  ['user=a,userId=b', 'userId is mapped twice'],
  ['user=', 'user: the name of the column is missing'],
  ["event='Purchase", `event: the literal "'Purchase" does not end, or is followed by more than a comma`],
  ["event='a'b", `event: the literal "'a'b" does not end, or is followed by more than a comma`],
  ["time='1997-01-01'", 'time: expected a column, since each event has its own'],
  ['time=date:', 'time: the time format after ":" is missing: iso, epoch, epochms, yyyymmdd, or a pattern such as %d.%m.%Y %H:%M'],
  ['time=date:yyyy', 'time: expected a time format (iso, epoch, epochms, yyyymmdd, or a pattern such as %d.%m.%Y %H:%M), got "yyyy"'],
  ['user=a:iso', `user: only a time has a format, got ":iso"; write the column's name in double quotes if it holds a colon`],
  ["type='trak'", 'type: expected one of track, page, screen, identify, group, alias, got "trak"'],
])('%s is refused: %s', (text, problem) => {
  expect(parsed(text)).toBe(problem);
});
