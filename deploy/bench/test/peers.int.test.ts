// The tiny mode of the peers' benchmark computes every row and ratio, and every peer comes to our results; how fast the machine is says nothing.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PeersReport } from '../peers/report.ts';

const bench = join(import.meta.dirname, '../peers.bench.ts');
/** The rows that README and evidence show; the others are variants of these. */
const only = '--only=parse,worker,naive,archiver,inserter,streams,consumer,metrics';
const folder = mkdtempSync(join(tmpdir(), 'tidemark-bench-'));
let report: PeersReport;
let stdout = '';

describe('bench -- peers --tiny', () => {
  beforeAll(async () => {
    const jsonFile = join(folder, 'report.json');
    ({ stdout } = await promisify(execFile)(process.execPath, [bench, '--tiny', only, `--json=${jsonFile}`], { timeout: 540_000 }));
    report = JSON.parse(readFileSync(jsonFile, 'utf8'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('measures worker and archiver beside what Node can do instead, and each comes to the same results', () => {
    const rows = report.rows.filter(({ peer }) => peer !== 'streams' && peer !== 'consumer');
    expect(rows.map(({ peer }) => peer)).toEqual(['parse', 'worker', 'naive', 'archiver', 'inserter']);
    for (const row of report.rows) expect(measuredIn(row)).toEqual({ peer: row.peer, failure: null, unmeasured: [] });
    expect(report.rows.find(({ peer }) => peer === 'naive')?.equality).toMatch(/^the same [1-9]\d+ integers of 5 metrics$/);
    expect(report.rows.find(({ peer }) => peer === 'inserter')?.equality).toBe('the same 4000 rows');
    for (const { measure, ratio } of report.ratios) expect([measure, ratio.median > 0]).toEqual([measure, true]);
    expect(report.ratios.map(({ measure }) => measure)).toEqual(
      expect.arrayContaining(['worker / (kafkajs + JSON.parse)', 'worker / naive service', 'archiver / (kafkajs + parse + clickhouse-js)']),
    );
    expect(report.ratios.filter(({ measure }) => measure.startsWith('100 more metrics'))).toHaveLength(2);
    expect(stdout).toContain('workload live, seed 1: 4,000 events');
  });

  it('measures Kafka Streams and the plain Java consumer, which come to the same results', (context) => {
    const missing = report.skipped['streams'];
    if (missing !== undefined) context.skip(missing);
    const rows = report.rows.filter(({ peer }) => peer === 'streams' || peer === 'consumer');
    expect(rows.map(({ peer, equality }) => [peer, equality])).toEqual([
      ['streams', expect.stringMatching(/^the same [1-9]\d+ integers of 3 metrics$/)],
      ['consumer', expect.stringMatching(/^the same [1-9]\d+ integers of 5 metrics$/)],
    ]);
    expect(stdout).toContain('num.stream.threads=1');
    expect(report.ratios.map(({ measure }) => measure)).toEqual(expect.arrayContaining(['worker / Kafka Streams', 'worker / plain Java consumer']));
  });
});

function measuredIn(row: PeersReport['rows'][number]): { peer: string; failure: string | null; unmeasured: string[] } {
  const { eventsPerCpuSecond, cpuUsPerEvent, wallS, peakRssMib } = row;
  const values = { eventsPerCpuSecond: eventsPerCpuSecond.median, cpuUsPerEvent, wallS: wallS.median, peakRssMib };
  const unmeasured = Object.entries(values).filter(([, value]) => !(value > 0));
  return { peer: row.peer, failure: row.failure, unmeasured: unmeasured.map(([name]) => name) };
}
