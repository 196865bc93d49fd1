// The entries of a request's URL: parameters, settings, and what is neither; and what the answers tell.
import { expect, test } from 'vitest';
import { EngineError, httpStatusOf } from '../src/clickhouse-errors.ts';
import { sortEntries } from '../src/clickhouse-request.ts';
import { createSummary } from '../src/clickhouse-server.ts';
import { Slots } from '../src/slots.ts';

test('param_ binds, the names of the protocol are left out, the rest are settings', () => {
  const entries = new URLSearchParams(
    'query=SELECT&database=d&query_id=q&session_id=s&enable_http_compression=1&wait_end_of_query=1&async_insert=1&param_x=1&param_param_y=2&max_threads=3',
  );
  const { settings, parameters } = sortEntries(entries);
  expect([...parameters]).toEqual([
    ['x', '1'],
    ['param_y', '2'],
  ]);
  expect([...settings]).toEqual([['max_threads', '3']]);
});

test('a name that is no name is refused before it reaches the engine', () => {
  expect(() => sortEntries([['param_a b', '1']])).toThrow(EngineError);
  expect(() => sortEntries([['max threads = 1, readonly', '0']])).toThrow(EngineError);
});

test.each([
  [60, 404],
  [81, 404],
  [115, 404],
  [62, 400],
  [27, 400],
  [159, 408],
  [202, 503],
  [307, 413],
  [241, 500],
  [395, 500],
])('code %i answers with status %i', (code, status) => {
  expect(httpStatusOf(code)).toBe(status);
});

test('the summary counts in text', () => {
  const outcome = {
    bytes: new Uint8Array(0),
    format: 'JSONEachRow',
    readRows: 3,
    readBytes: 30,
    writtenRows: 3,
    writtenBytes: 24,
    elapsedSeconds: 0.0015,
  };
  expect(JSON.parse(createSummary(outcome))).toMatchObject({ written_rows: '3', written_bytes: '24', result_rows: '3', elapsed_ns: '1500000' });
});

test('no more than the given number run at once, and a failure frees its place', async () => {
  const slots = new Slots(2);
  let running = 0;
  let most = 0;
  const work = (fails: boolean) => async (): Promise<void> => {
    running++;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, 2));
    running--;
    if (fails) throw new Error('failed');
  };
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, (_, index) => slots.use(work(index % 3 === 0))));
  expect(most).toBe(2);
  expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(4);
});
