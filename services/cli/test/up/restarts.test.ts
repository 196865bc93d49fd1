/** How often a service may be started again. */
import { expect, it } from 'vitest';
import { createRestarts } from '../../src/up/restarts.ts';

it('waits longer each time, and gives up at the sixth end within a minute', () => {
  const restarts = createRestarts();
  expect([0, 1_000, 2_000, 3_000, 4_000, 5_000].map((atMs) => restarts.next(atMs))).toEqual([250, 500, 1_000, 2_000, 4_000, null]);
});

it('forgets what was longer ago', () => {
  const restarts = createRestarts();
  for (let minute = 0; minute < 100; minute++) expect(restarts.next(minute * 61_000)).toBe(250);
});
