/** Rows of a CSV file as events. */
import { describe, expect, it } from 'vitest';
import { parseEventMap } from '../../src/events/event-map.ts';
import { createRowMapper, type RowMapper } from '../../src/events/row-mapper.ts';

function mapper(header: string, map: string): RowMapper {
  const parsed = parseEventMap(map);
  if (!parsed.ok) throw new Error(parsed.problem);
  return createRowMapper({ header: header.split(','), map: parsed.map, fileName: 'log.csv' });
}

function mapped(header: string, map: string, row: string, line = 2): unknown {
  const result = mapper(header, map)(row.split(','), line);
  return 'reason' in result ? result.reason : { key: result.key, value: JSON.parse(result.value) as unknown };
}

const purchase = "user=customer,event='Purchase',time=date:yyyymmdd";

it('makes a Segment event: the file and line are its id, other columns its properties', () => {
  expect(mapped('customer,date,units,dollars,shop', purchase, '00001,19970101,1,11.70,north', 7)).toEqual({
    key: '00001',
    value: {
      type: 'track',
      event: 'Purchase',
      messageId: 'log.csv:7',
      userId: '00001',
      timestamp: '1997-01-01T00:00:00.000Z',
      properties: { units: 1, dollars: 11.7, shop: 'north' },
    },
  });
});

it('keeps the digits of numbers, and as text what a number would change: leading zeros, long ids, signs and words', () => {
  const result = mapper('customer,date,a,b,c,d,e,f,g,h', purchase)(
    ['1', '19970101', '12.00', '-0.5', '007', '12345678901234567890', '+5', 'NaN', '1e400', '2.5e-3'],
    2,
  );
  expect('value' in result && result.value).toContain(
    '"properties":{"a":12.00,"b":-0.5,"c":"007","d":"12345678901234567890","e":"+5","f":"NaN","g":"1e400","h":2.5e-3}',
  );
});

it('an empty cell is no property, and without any there is no properties object', () => {
  expect(mapped('customer,date,a,b', purchase, '1,19970101,,x')).toMatchObject({ value: { properties: { b: 'x' } } });
  expect(mapped('customer,date,a', purchase, '1,19970101,')).toEqual({
    key: '1',
    value: expect.not.objectContaining({ properties: expect.anything() }),
  });
});

it('a row without a user is of its anonymous visitor', () => {
  const map = 'user=customer,anonymous=cookie,event=what,time=date,id=row';
  expect(mapped('customer,cookie,what,date,row', map, ',abc,Seen,2026-11-02,r9')).toEqual({
    key: 'abc',
    value: { type: 'track', event: 'Seen', messageId: 'r9', anonymousId: 'abc', timestamp: '2026-11-02T00:00:00.000Z' },
  });
  expect(mapped('customer,cookie,what,date,row', map, 'u1,abc,Seen,2026-11-02,r9')).toMatchObject({ key: 'u1', value: { userId: 'u1' } });
});

it('columns that are called as the part of an event that they are need no map', () => {
  expect(mapped('userId,event,timestamp,messageId,plan', '', 'u1,Seen,2026-11-02T10:00:00Z,m1,pro')).toMatchObject({
    key: 'u1',
    value: { event: 'Seen', messageId: 'm1', timestamp: '2026-11-02T10:00:00.000Z', properties: { plan: 'pro' } },
  });
});

it('puts mapped paths where they belong', () => {
  const map = `${purchase},context.device.type=device,context.app.name='shop',properties.plan=tier`;
  expect(mapped('customer,date,device,tier', map, '1,19970101,ios,pro')).toMatchObject({
    value: { context: { device: { type: 'ios' }, app: { name: 'shop' } }, properties: { plan: 'pro' } },
  });
});

it('escapes hostile cells and column names', () => {
  const result = mapper('customer,date,a"b', purchase)(['x"\n', '19970101', '</script>\u0000'], 3);
  expect('value' in result && JSON.parse(result.value)).toMatchObject({ userId: 'x"\n', properties: { 'a"b': '</script>\u0000' } });
});

it.each([
  ['1,19971301', '"19971301" is no time of the format yyyymmdd'],
  [',19970101', 'no actor: the cell of the user is empty'],
  ['1,19970101,9', '3 cells where the header has 2'],
])('the row %s is refused: %s', (row, reason) => {
  expect(mapped('customer,date', purchase, row)).toBe(reason);
});

describe('a map that does not fit the header', () => {
  it.each([
    ['client,date', purchase, 'the file has no column "customer": the columns are client, date'],
    ['custmer,date', purchase, 'the file has no column "customer": did you mean custmer?'],
    ['a,b', "user=a,event='x'", 'nothing says when it happened: add time=COLUMN to --map; the columns are "a", "b"'],
    ['a,b', 'time=b', 'nothing says who did it: add user=COLUMN to --map; the columns are "a", "b"'],
    ['a,b', 'user=a,time=b', `nothing says what happened, such as event='Purchase': add event=COLUMN to --map; the columns are "a", "b"`],
    ['a,a', "user=a,event='x',time=a", 'the header names the column "a" twice: rename one of them'],
    ['a,b', "user=a,event='x',time=b,properties.x='1',properties.x.y='2'", '"x" is mapped to a value and to a path below it'],
  ])('%s with %s', (header, map, message) => {
    expect(() => mapper(header, map)).toThrow(message);
  });
});
