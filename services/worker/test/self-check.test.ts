// What the worker says of its check of itself: a counter that stays at zero, a line when it does not, and incidents that outlive the process.
import { type Incident, type IncidentLedger, StoreUnavailable, versionOf, type WorkerEvent } from '@tidemark/pipeline';
import { createLogger, createMetrics } from '@tidemark/runtime';
import { expect, test } from 'vitest';
import { createIncidentNotes } from '../src/incidents.ts';
import { createSelfCheckReport } from '../src/self-check.ts';

const LINEAGE = 'a'.repeat(16);

function logged() {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({ service: 'worker', level: 'info', destination: { write: (line) => void lines.push(JSON.parse(line)) } });
  return { lines, logger };
}

test('the counter of differences is exposed from the start, and only a certain difference moves it', async () => {
  const metrics = createMetrics({ processMetrics: false });
  const { lines, logger } = logged();
  const report = createSelfCheckReport(metrics, logger);
  expect(await metrics.text()).toMatch(/^tidemark_selfcheck_differences_total 0$/m);
  const about = { event: 'selfchecked', lineage: LINEAGE, partition: 3 } as const;
  const position = { epoch: 1, next: 9 };
  for (const outcome of ['same', 'same', 'undecided', 'passed'] as const)
    report({ ...about, check: { outcome, position, differences: 0, detail: '' } });
  expect(lines).toEqual([]);
  report({ ...about, check: { outcome: 'different', position, differences: 2, detail: 'the actor of the record at offset 7: register x' } });
  const text = await metrics.text();
  expect(text).toMatch(/^tidemark_selfcheck_differences_total 1$/m);
  expect(text).toMatch(/^tidemark_selfcheck_actors_total\{outcome="same"\} 2$/m);
  expect(lines).toMatchObject([{ level: 'error', partition: 3, lineage: LINEAGE, detail: expect.stringContaining('offset 7') }]);
});

test('an archive that stays away is one line', () => {
  const { lines, logger } = logged();
  const report = createSelfCheckReport(createMetrics({ processMetrics: false }), logger);
  for (let round = 0; round < 3; round++) report({ event: 'selfcheck_unreachable', why: 'ClickHouse is away' });
  expect(lines).toHaveLength(1);
});

test('halts and rewinds are noted, also when the ledger comes back only later', async () => {
  const noted: Incident[] = [];
  let isAway = true;
  const ledger: Pick<IncidentLedger, 'note'> = {
    note: async (incidents) => {
      if (isAway) throw new StoreUnavailable('clickhouse', 'away');
      noted.push(...incidents);
    },
  };
  const tell = createIncidentNotes({ ledger, worker: () => null, nowMs: () => 77, logger: logged().logger });
  const about = { lineage: LINEAGE, partition: 3 };
  const halted: WorkerEvent = { event: 'halted', ...about, reason: 'the log begins at 9' };
  const behind: WorkerEvent = { event: 'published', ...about, sink: 'redis', outcome: { result: 'behind', closed: versionOf(1, 4) } };
  tell(halted);
  await new Promise(setImmediate);
  expect(noted).toEqual([]);
  isAway = false;
  tell({ event: 'published', ...about, sink: 'redis', outcome: { result: 'retry', why: 'x' } });
  tell(behind);
  await new Promise(setImmediate);
  expect(noted).toEqual([
    { kind: 'halt', ...about, atMs: 77, position: versionOf(0, 0), detail: 'the log begins at 9' },
    { kind: 'rewind', ...about, atMs: 77, position: versionOf(1, 4), detail: 'redis' },
  ]);
});
