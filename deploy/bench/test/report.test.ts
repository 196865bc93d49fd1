// A figure is judged by what must be and what is aimed at, either way round; the clock of a stepped run does what falls due, in order.
import { expect, it } from 'vitest';
import { SteppedClock } from '../in-process/stepped-clock.ts';
import { readBenchOptions } from '../report/options.ts';
import { reportText, rowOf, verdictOf } from '../report/report.ts';

it('judges less is better and more is better, and never lets what is no number pass', () => {
  const atMost = { kind: 'atMost', must: 8, aim: 3 } as const;
  expect([9, 8, 3, Number.NaN].map((figure) => verdictOf(figure, atMost))).toEqual(['missed', 'pass', 'aim', 'missed']);
  const atLeast = { kind: 'atLeast', must: 200 } as const;
  expect([199, 200, 900].map((figure) => verdictOf(figure, atLeast))).toEqual(['missed', 'pass', 'pass']);
});

it('prints median, spread, bounds and the verdict', () => {
  const text = reportText({ rows: [rowOf('answers, p99', 'ms', [5, 7, 20], { kind: 'atMost', must: 15, aim: 6 }), rowOf('share', '', [0.5])] });
  expect(text).toMatch(/answers, p99 +7 +5 – 20 +ms +≤ 15 +≤ 6 +pass$/m);
  expect(text).toMatch(/share +0\.5/);
});

it('reads numbers with a value for each mode, and refuses what is none', () => {
  const numbers = { rate: { full: 200, tiny: 4, least: 0 } };
  expect(readBenchOptions([], numbers).number('rate')).toBe(200);
  expect(readBenchOptions(['--tiny'], numbers).number('rate')).toBe(4);
  expect(readBenchOptions(['--tiny', '--rate=0'], numbers).number('rate')).toBe(0);
  expect(() => readBenchOptions(['--rate=fast'], numbers)).toThrow('--rate must be a whole number from 0 on, not fast');
});

it('runs what falls due in the order of time, each run to its end, and wakes sleepers', async () => {
  const clock = new SteppedClock(1_000);
  const seen: string[] = [];
  const slow = clock.every(30, async () => {
    await Promise.resolve();
    seen.push(`slow ${clock.nowMs()}`);
  });
  clock.every(20, async () => void seen.push(`fast ${clock.nowMs()}`));
  void clock.sleep(25).then(() => seen.push(`awake ${clock.nowMs()}`));
  await clock.advance(50);
  expect(seen).toEqual(['fast 1020', 'awake 1025', 'slow 1030', 'fast 1040']);
  await slow.stop();
  await clock.advance(20);
  expect(seen.slice(4)).toEqual(['fast 1060']);
});

it('throws what a run threw that nobody handles', async () => {
  const clock = new SteppedClock(0);
  clock.every(10, () => Promise.reject(new Error('broken')));
  await expect(clock.advance(10)).rejects.toThrow('broken');
});
