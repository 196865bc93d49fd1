/** Reading CSV and NDJSON files, plain and gzipped. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createBadRows } from '../../src/events/bad-rows.ts';
import { readEventFile } from '../../src/events/event-file.ts';
import { parseEventMap } from '../../src/events/event-map.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-cli-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function read(name: string, content: string | Buffer, map = "user=customer,event='Purchase',time=date:yyyymmdd") {
  const path = join(folder, name);
  await writeFile(path, content);
  const parsed = parseEventMap(map);
  if (!parsed.ok) throw new Error(parsed.problem);
  const badRows = createBadRows();
  const events: { key: string; timeMs: number; value: Record<string, unknown> }[] = [];
  for await (const batch of readEventFile({ path, map: parsed.map, onBadRow: badRows.add }))
    for (const { key, timeMs, value } of batch) events.push({ key, timeMs, value: JSON.parse(value.toString()) });
  return { events, bad: badRows.lines().map((line) => line.replace(`${folder}/`, '')) };
}

const csv = 'customer,date,units\n1,19970101,2\n2,19970102,3\n';

it('reads a CSV file, and its gzipped twin with the same message ids', async () => {
  const plain = await read('log.csv', csv);
  const zipped = await read('log.csv.gz', gzipSync(csv));
  expect(plain.events.map(({ key, timeMs, value }) => [key, timeMs, value['messageId']])).toEqual([
    ['1', Date.UTC(1997, 0, 1), 'log.csv:2'],
    ['2', Date.UTC(1997, 0, 2), 'log.csv:3'],
  ]);
  expect(zipped).toEqual(plain);
});

it('reads line ends of both kinds in one file, a byte order mark, empty lines and a missing last line end', async () => {
  const { events, bad } = await read('log.csv', '\ufeffcustomer,date,units\n1,19970101,2\r\n\r\n2,19970102,3');
  expect(bad).toEqual([]);
  expect(events.map(({ value }) => [value['messageId'], value['properties']])).toEqual([
    ['log.csv:2', { units: 2 }],
    ['log.csv:4', { units: 3 }],
  ]);
});

it('reports each row that makes no event with its line, and reads on', async () => {
  const text = 'customer,date,units\n1,19970101,2\n,19970101,1\n3,1997,1\n4,19970104\n5,19970105,a"b\n6,19970106,1\n';
  const { events, bad } = await read('log.csv', text);
  expect(events.map(({ key }) => key)).toEqual(['1', '6']);
  expect(bad).toEqual([
    'log.csv:3  no actor: the cell of the user is empty',
    'log.csv:4  "1997" is no time of the format yyyymmdd',
    'log.csv:5  2 cells where the header has 3',
    expect.stringMatching(/^log\.csv:6 {2}Invalid Opening Quote/),
  ]);
});

it('shows the first ten bad rows and counts the rest', async () => {
  const { bad } = await read('log.csv', `customer,date\n${'x,never\n'.repeat(13)}`);
  expect(bad).toHaveLength(11);
  expect(bad.at(-1)).toBe('… and 3 more rows that make no event');
});

it('reads NDJSON as it is, keyed by the actor', async () => {
  const line = (fields: object): string =>
    JSON.stringify({ type: 'track', event: 'Seen', messageId: 'm', timestamp: '2026-11-02T10:00:00Z', ...fields });
  const lines = [line({ userId: 'u1' }), '', line({ userId: 42 }), line({ anonymousId: 'a1', userId: '' }), '{"broken', '[]', line({ userId: {} })];
  const { events, bad } = await read('log.ndjson', lines.join('\r\n'));
  expect(events.map(({ key }) => key)).toEqual(['u1', '42', 'a1']);
  expect(events[0]?.value).toEqual({ type: 'track', event: 'Seen', messageId: 'm', timestamp: '2026-11-02T10:00:00Z', userId: 'u1' });
  expect(bad).toEqual([
    expect.stringMatching(/^log\.ndjson:5 {2}no JSON: /),
    'log.ndjson:6  no event: not_an_object',
    'log.ndjson:7  no event: bad_actor',
  ]);
});

it('tells the format by the first character where the name does not', async () => {
  const event = '{"type":"track","event":"Seen","messageId":"m","userId":"u","timestamp":1}';
  expect((await read('events', event)).events).toHaveLength(1);
  expect((await read('rows', csv)).events).toHaveLength(2);
});

it('a row whose event the fold would reject is a bad row', async () => {
  const { bad } = await read('log.csv', `customer,date\n${'x'.repeat(600)},19970101\n`);
  expect(bad).toEqual(['log.csv:2  no event: bad_actor']);
});

it.each([
  ['empty.csv', '', 'the file is empty: expected a header row with the names of the columns'],
  ['other.csv', 'a,b\n1,2\n', 'the file has no column "customer": the columns are a, b'],
  ['quote.csv', 'customer,date\n1,19970101\n2,"1997"0102\n3,19970103\n', 'the rows cannot be told apart from line 3 on: Invalid Closing Quote'],
  ['open.csv', 'customer,date\n1,19970101\n2,"19970102\n3,19970103\n', 'the rows cannot be told apart from line 4 on: Quote Not Closed'],
  ['torn.csv.gz', gzipSync(csv.repeat(100)).subarray(0, 40), 'unexpected end of file'],
])('%s ends with one sentence', async (name, content, message) => {
  await expect(read(name, content)).rejects.toThrow(message);
});

it('a file that is not there ends with one sentence', async () => {
  const read = readEventFile({ path: join(folder, 'gone.csv'), map: new Map(), onBadRow: () => undefined });
  await expect(read.next()).rejects.toThrow(/gone\.csv: there is no such file$/);
});
