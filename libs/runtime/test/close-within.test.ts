// Closing waits for what closes, not for what hangs.
import { expect, test } from 'vitest';
import { closeWithin } from '../src/close-within.ts';

const hangs = new Promise<void>(() => {});

test('waits for all that close in time', async () => {
  let closed = 0;
  const close = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    closed += 1;
  };
  await closeWithin(60_000, [close(), close()]);
  expect(closed).toBe(2);
});

test('what hangs is left behind at the deadline', async () => {
  const startMs = performance.now();
  await closeWithin(50, [hangs, Promise.resolve()]);
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(45);
});

test('a failure in time is passed on', async () => {
  await expect(closeWithin(60_000, [hangs, Promise.reject(new Error('not closed'))])).rejects.toThrow('not closed');
});

test('a failure that comes too late ends nothing', async () => {
  const late = new Promise<void>((_, reject) => setTimeout(() => reject(new Error('late')), 30));
  await expect(closeWithin(5, [late])).resolves.toBeUndefined();
  await expect(late).rejects.toThrow('late');
});
