/** Tests of the exit codes that errors carry. */
import { expect, test } from 'vitest';
import { exitCodeOf, exitCodes, exitError } from '../src/exit-codes.ts';

test('the table is the documented one', () => {
  expect(exitCodes).toEqual({ ok: 0, failed: 1, usage: 2, config: 3, unreachable: 4, checkFailed: 5, stuck: 6 });
});

test('an error made with a code carries it and its cause', () => {
  const cause = new Error('refused');
  const error = exitError(exitCodes.unreachable, 'redis does not answer', cause);
  expect([exitCodeOf(error), error.message, error.cause]).toEqual([4, 'redis does not answer', cause]);
});

test.each([[new Error('plain')], ['text'], [undefined], [null], [{ exitCode: 77 }], [{ exitCode: '3' }]])(
  '%s without a known code means 1',
  (thrown) => {
    expect(exitCodeOf(thrown)).toBe(1);
  },
);
