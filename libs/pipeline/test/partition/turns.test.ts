import { expect, test } from 'vitest';
import { createTurns } from '../../src/partition/turns.ts';

test('each begins when the one before has ended, and one that fails holds nobody up', async () => {
  const turns = createTurns();
  const seen: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = turns.take(async () => {
    seen.push('first begins');
    await gate.promise;
    seen.push('first ends');
    throw new Error('refused');
  });
  const second = turns.take(async () => seen.push('second'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(seen).toEqual(['first begins']);
  gate.resolve();
  await expect(first).rejects.toThrow('refused');
  await second;
  expect(seen).toEqual(['first begins', 'first ends', 'second']);
});
