// Waiting for a dependency: until it answers, no longer than a minute, and not at all when it refuses.
import { describe, expect, test } from 'vitest';
import { exitCodes, reached, systemClock } from '../src/index.ts';

const away = new Error('away');

/** A clock on which only `sleep` takes time. */
function fakeWaiting(signal = new AbortController().signal) {
  let nowMs = 0;
  const warnings: object[] = [];
  const clock = {
    ...systemClock,
    monotonicMs: () => nowMs,
    sleep: async (ms: number) => {
      nowMs += ms;
    },
  };
  return {
    waiting: { logger: { warn: (fields: object) => void warnings.push(fields) }, signal, clock, isAway: (error: unknown) => error === away },
    warnings,
  };
}

describe('reached', () => {
  test('answers what the dependency answers once it is there, and warns meanwhile', async () => {
    const { waiting, warnings } = fakeWaiting();
    let tries = 0;
    const connect = async (): Promise<string> => {
      tries++;
      if (tries < 3) throw away;
      return 'there';
    };
    expect(await reached('Redis', connect, waiting)).toBe('there');
    expect(warnings).toEqual([
      { dependency: 'Redis', why: 'away' },
      { dependency: 'Redis', why: 'away' },
    ]);
  });

  test('gives up after a minute with the exit code of an unreachable dependency', async () => {
    const { waiting, warnings } = fakeWaiting();
    const failure = reached('Redis', () => Promise.reject(away), waiting);
    await expect(failure).rejects.toMatchObject({ exitCode: exitCodes.unreachable, message: 'Redis does not answer: away' });
    expect(warnings.length).toBe(61);
  });

  test('gives up at once when the process is stopping', async () => {
    const { waiting, warnings } = fakeWaiting(AbortSignal.abort());
    await expect(reached('Redis', () => Promise.reject(away), waiting)).rejects.toMatchObject({ exitCode: exitCodes.unreachable });
    expect(warnings).toEqual([]);
  });

  test('a refusal is thrown as it is', async () => {
    await expect(reached('Redis', () => Promise.reject(new Error('wrong password')), fakeWaiting().waiting)).rejects.toThrow('wrong password');
  });
});
