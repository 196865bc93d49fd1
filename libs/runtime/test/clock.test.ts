/** Tests of sleep and repetition, on vitest's fake timers. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../src/clock.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test('sleep ends after its time and not before', async () => {
  let over = false;
  const sleeping = systemClock.sleep(100).then(() => {
    over = true;
  });
  await vi.advanceTimersByTimeAsync(99);
  expect(over).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  await sleeping;
  expect(over).toBe(true);
});

test('an aborted sleep ends at once and leaves no timer', async () => {
  const controller = new AbortController();
  const sleeping = systemClock.sleep(1e6, controller.signal);
  controller.abort();
  await sleeping;
  await systemClock.sleep(1e6, controller.signal);
  expect(vi.getTimerCount()).toBe(0);
});

test('a sleep longer than a timer can be does not end at once', async () => {
  const days40Ms = 40 * 86_400_000;
  let over = false;
  const sleeping = systemClock.sleep(days40Ms).then(() => {
    over = true;
  });
  await vi.advanceTimersByTimeAsync(days40Ms - 1);
  expect(over).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  await sleeping;
});

test('every runs from start to start, never overlaps, and waits on stop for the run in progress', async () => {
  const starts: number[] = [];
  const begunMs = systemClock.nowMs();
  let running = 0;
  let ended = 0;
  const repeater = systemClock.every(100, async () => {
    expect(++running).toBe(1);
    starts.push(systemClock.nowMs() - begunMs);
    await systemClock.sleep(starts.length === 2 ? 250 : 30);
    running -= 1;
    ended += 1;
  });
  await vi.advanceTimersByTimeAsync(460);
  // An overdue run starts by the next timer, which is 1 ms away.
  expect(starts).toEqual([100, 200, 451]);
  const stopped = repeater.stop();
  await vi.advanceTimersByTimeAsync(1000);
  await stopped;
  expect([starts.length, ended, vi.getTimerCount()]).toEqual([3, 3, 0]);
});

test('a failed run is handed over and the next follows', async () => {
  const errors: unknown[] = [];
  const repeater = systemClock.every(
    10,
    () => Promise.reject(new Error('once')),
    (error) => errors.push(error),
  );
  await vi.advanceTimersByTimeAsync(35);
  await repeater.stop();
  expect(errors).toHaveLength(3);
});

test('durations are measured on a clock that does not go back', () => {
  const before = systemClock.monotonicMs();
  expect(systemClock.monotonicMs()).toBeGreaterThanOrEqual(before);
});
