/** Tests of gates and probes. */
import { expect, test } from 'vitest';
import { createReadiness } from '../src/readiness.ts';

test('a service is ready when every gate is open', async () => {
  const readiness = createReadiness();
  expect(await readiness.report()).toEqual({ ready: true, checks: [] });
  const gate = readiness.gate('partition 3', 'loading');
  expect(await readiness.report()).toEqual({ ready: false, checks: [{ name: 'partition 3', ok: false, detail: 'loading' }] });
  gate.open('at 12');
  expect(await readiness.report()).toMatchObject({ ready: true, checks: [{ ok: true, detail: 'at 12' }] });
  gate.close('halted: log was truncated');
  expect((await readiness.report()).ready).toBe(false);
  readiness.remove('partition 3');
  expect((await readiness.report()).ready).toBe(true);
});

test('a probe reports its latency, its failure without credentials, and its timeout', async () => {
  const readiness = createReadiness();
  let aborted = false;
  readiness.probe('kafka', { run: async () => '12 partitions' });
  readiness.probe('redis', { run: () => Promise.reject(new Error('redis://:hunter2@h refused')) });
  readiness.probe('clickhouse', {
    timeoutMs: 5,
    run: (signal) => {
      signal.addEventListener('abort', () => {
        aborted = true;
      });
      return new Promise(() => {});
    },
  });
  const report = await readiness.report();
  expect(report).toEqual({
    ready: false,
    checks: [
      { name: 'kafka', ok: true, detail: '12 partitions', latencyMs: expect.any(Number) },
      { name: 'redis', ok: false, detail: 'redis://***@h refused', latencyMs: expect.any(Number) },
      { name: 'clickhouse', ok: false, detail: 'no answer within 5 ms', latencyMs: expect.any(Number) },
    ],
  });
  expect(aborted).toBe(true);
});

test('reports that overlap share one run of the probes', async () => {
  const readiness = createReadiness();
  let runs = 0;
  readiness.probe('redis', { run: async () => `run ${++runs}` });
  await Promise.all([readiness.report(), readiness.report()]);
  expect(runs).toBe(1);
  await readiness.report();
  expect(runs).toBe(2);
});

test('a name is taken once', () => {
  const readiness = createReadiness();
  readiness.gate('a');
  expect(() => readiness.gate('a')).toThrow('exists already');
});
