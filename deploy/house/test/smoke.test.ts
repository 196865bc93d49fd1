// The smoke run reads the README and the answers rightly: which commands it repeats, what it takes for a figure, what counts as movement.
import { expect, test } from 'vitest';
import { newPaths } from '../file-trail.ts';
import { pagesOf } from '../moving-pages.ts';
import { curlPaths, figuresIn, hasAdvanced, hasMoved, type Served } from '../served-figures.ts';
import { parseSocketLine } from '../started-processes.ts';

const served = (figures: readonly number[], positions: Record<string, string>): readonly Served[] => [
  { id: 'sales', path: '/v1/kpis/sales', figures, positions },
];

test('curl commands are taken from code blocks with their queries and headers, whatever the port', () => {
  const readme = [
    'Ask with `curl http://127.0.0.1:1/not/this`.',
    '```sh',
    'npm start',
    'curl -s http://127.0.0.1:8080/v1/metrics | npx json',
    `curl -s -H 'Accept: text/csv' \\`,
    `  "http://localhost:8080/v1/kpis/sales?slice=channel&value=ads"`,
    '```',
    '```',
    '$ curl -sS http://127.0.0.1:8080/readyz',
    '```',
  ].join('\n');
  expect(curlPaths(readme)).toEqual([
    { path: '/v1/metrics', headers: {} },
    { path: '/v1/kpis/sales?slice=channel&value=ads', headers: { Accept: 'text/csv' } },
    { path: '/readyz', headers: {} },
  ]);
});

test('figures are the counts of an answer, not its positions, notes or column numbers', () => {
  const answer = {
    asOf: { positions: { 0: '99' } },
    notes: { late: 12 },
    cohorts: [{ cohort: '2026-11-01', value: null, size: 120, cells: [{ k: 1, retained: 48, rate: 0.4, onOrAfter: 71 }] }],
    buckets: [{ bucket: '2026-11-01', value: '1234.50', count: 88 }],
  };
  expect(figuresIn(answer)).toEqual([120, 48, 71, 1234.5, 88]);
});

test('a figure that differs is movement, positions alone are not', () => {
  expect(hasMoved(served([1, 2], { 0: '5' }), served([1, 2], { 0: '6' }))).toBe(false);
  expect(hasMoved(served([1, 2], { 0: '5' }), served([1, 3], { 0: '5' }))).toBe(true);
});

test('positions advance when one partition does, beyond 2^53 too, and must not go back', () => {
  expect(hasAdvanced(served([], { 0: '9007199254740993', 1: '7' }), served([], { 0: '9007199254740993', 1: '7' }))).toBe(false);
  expect(hasAdvanced(served([], { 0: '9007199254740992' }), served([], { 0: '9007199254740993' }))).toBe(true);
  expect(() => hasAdvanced(served([], { 0: '8' }), served([], { 0: '7' }))).toThrow('went back');
});

test('listeners are told from connections, and loopback from the rest', () => {
  const line = (local: string, state: string): string =>
    `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 4711 1 0`;
  expect(parseSocketLine(line('0100007F:1F90', '0A'))).toEqual({ port: 8080, isLoopback: true, inode: '4711' });
  expect(parseSocketLine(line('00000000:1F90', '0A'))).toMatchObject({ isLoopback: false });
  expect(parseSocketLine(line('0000000000000000FFFF00000100007F:1F90', '0A'))).toMatchObject({ isLoopback: true });
  expect(parseSocketLine(line('00000000000000000000000001000000:1F90', '0A'))).toMatchObject({ isLoopback: true });
  expect(parseSocketLine(line('00000000000000000000000000000000:1F90', '0A'))).toMatchObject({ isLoopback: false });
  expect(parseSocketLine(line('0100007F:1F90', '01'))).toBeUndefined();
});

test('the pages to watch are the board, a retention and a funnel of every set', () => {
  const metric = (set: string, kind: string, id: string) => ({ set, kind, id });
  const metrics = [metric('a', 'kpi', 'k'), metric('a', 'funnel', 'f 1'), metric('a', 'funnel', 'f2'), metric('b', 'retention', 'r')];
  expect(pagesOf(metrics)).toEqual(['/board/a', '/figure/f%201', '/board/b', '/figure/r']);
});

test('new paths are what a run added', () => {
  expect(newPaths(new Set(['a', 'b']), new Set(['b', 'd', 'c']))).toEqual(['c', 'd']);
});
