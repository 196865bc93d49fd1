// `npm test` counts truly, shows every stage, ends what takes too long, and says in one sentence that a Node is too old.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runToEnd } from '../process-group.ts';
import { isUsableNode, nodeAdvice } from '../require-node.mjs';
import { stages, totalBudgetS } from '../stages.ts';
import { addCounts, closingLine, type Outcome, readCounts, table } from '../tally.ts';

const root = join(import.meta.dirname, '../../..');
const report = (passed: number, failed: number, pending: number, todo: number): string =>
  JSON.stringify({ numPassedTests: passed, numFailedTests: failed, numPendingTests: pending, numTodoTests: todo, testResults: [] });

test('the counts of several runs are added up, todo among the skipped', () => {
  const counts = addCounts([readCounts(report(3, 0, 1, 0)), readCounts(report(10, 1, 0, 2))]);
  expect(counts).toEqual({ passed: 13, failed: 1, skipped: 3 });
  expect(closingLine(counts)).toBe('13 passed, 1 failed, 3 skipped');
  expect(closingLine(addCounts([]))).toBe('0 passed, 0 failed');
});

test('a report without its numbers is refused, not counted as zero', () => {
  expect(() => readCounts('{"numPassedTests":1}')).toThrow('numFailedTests');
  expect(() => readCounts('null')).toThrow('numPassedTests');
});

test('the table lists stages that passed, failed, ran over their budget and were not reached', () => {
  const [first, second, third] = stages;
  if (first === undefined || second === undefined || third === undefined) throw new Error('fewer than three stages');
  const outcome = (stage: typeof first, seconds: number, passed: boolean): Outcome => ({ stage, seconds, passed, ended: 'ended', counts: undefined });
  const text = table([outcome(first, 1.25, true), outcome(second, 999, false)], [first, second, third], 1500);
  expect(text.split('\n').map((line) => line.replace(/ +/g, ' '))).toEqual([
    'stage seconds budget',
    `${first.name} 1.3 ${first.budgetS} passed`,
    `${second.name} 999.0 ${second.budgetS} FAILED (over budget)`,
    `${third.name} - ${third.budgetS} not run`,
    'total 1000.3 1500',
  ]);
});

test('the budgets of the stages fit into that of the whole run', () => {
  expect(stages.reduce((sum, stage) => sum + stage.budgetS, 0)).toBeLessThanOrEqual(totalBudgetS);
});

test('a command that outlives its time is ended together with what it started', async () => {
  const startedAt = performance.now();
  expect(await runToEnd(['sh', '-c', 'sleep 30 & wait'], { env: process.env, timeoutMs: 50 })).toEqual({ code: 1, reason: 'timed out' });
  expect(performance.now() - startedAt).toBeLessThan(3_000);
});

test('exit codes come through', async () => {
  expect(await runToEnd(['sh', '-c', 'exit 3'], { env: process.env, timeoutMs: 5_000 })).toEqual({ code: 3, reason: 'ended' });
});

test('an unknown stage is a usage error that names the stages', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'deploy/house/test.ts'), 'units'], { encoding: 'utf8' });
  expect(status).toBe(2);
  expect(stderr).toContain('No stage units; there are typecheck, lint');
});

test('an older Node gets one sentence that names the fix', () => {
  expect(['14.21.3', '20.20.2', '22.22.0'].map(isUsableNode)).toEqual([false, false, false]);
  expect(['24.21.0', '26.0.0'].map(isUsableNode)).toEqual([true, true]);
  expect(nodeAdvice('20.20.2')).toMatch(/^Tidemark needs Node 24 and this is Node 20\.20\.2: run `npm ci` once .*\.$/);
});

test('start, tidemark and test begin with the check of Node, and hand signals to no shell', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const name of ['start', 'tidemark', 'test']) expect(scripts[name]).toMatch(/^exec node deploy\/house\/run\.mjs \S+\.ts/);
});
