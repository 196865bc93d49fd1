// When an owner may append a tick.
import { expect, test } from 'vitest';
import { shouldTick, type TickQuestion } from '../../src/partition/ticks.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 10, 21);
const SILENT: TickQuestion = {
  nowMs: NOW_MS,
  lastRecordAtMs: NOW_MS - 60_000,
  next: 10,
  logHigh: 10,
  clockMs: NOW_MS - 3_600_000,
  latenessMs: 7 * DAY_MS,
  otherPartitionLive: false,
};

test.each<[string, Partial<TickQuestion>, boolean]>([
  ['silent for a minute, no lag, near the wall clock', {}, true],
  ['a record less than a minute ago', { lastRecordAtMs: NOW_MS - 59_999 }, false],
  ['records still to read', { next: 9 }, false],
  ['nothing loaded yet', { next: null }, false],
  ['the end of the log unknown', { logHigh: null }, false],
  ['history: the clock is further back than the lateness', { clockMs: NOW_MS - 7 * DAY_MS - 1 }, false],
  ['history, while others live: nothing may become late by a tick', { clockMs: NOW_MS - 8 * DAY_MS, otherPartitionLive: true }, false],
  ['the clock exactly the lateness back', { clockMs: NOW_MS - 7 * DAY_MS }, true],
  ['no clock yet, and nobody lives', { clockMs: null }, false],
  ['no clock yet, while another partition lives', { clockMs: null, otherPartitionLive: true }, true],
])('%s', (_name, change, expected) => {
  expect(shouldTick({ ...SILENT, ...change })).toBe(expected);
});
