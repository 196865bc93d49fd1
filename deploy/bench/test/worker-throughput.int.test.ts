// The tiny mode of the worker benchmark computes every row and the ratio; how fast the machine of a test run is says nothing.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import type { Report } from '../worker-throughput/report.ts';

const bench = join(import.meta.dirname, '../worker-throughput.bench.ts');

it('measures both peers and the worker, which has applied every event, and prints the ratio', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-bench-'));
  try {
    const jsonFile = join(folder, 'report.json');
    const { stdout } = await promisify(execFile)(process.execPath, [bench, '--tiny', `--json=${jsonFile}`], { timeout: 300_000 });
    const report: Report = JSON.parse(readFileSync(jsonFile, 'utf8'));
    expect(report.rows.map((row) => row.contender)).toEqual(['bare', 'parse', 'fold', 'worker']);
    for (const row of report.rows) {
      for (const value of [row.eventsPerCpuSecond.median, row.cpuUsPerEvent, row.wallS.median, row.heapMib, row.peakRssMib])
        expect(value).toBeGreaterThan(0);
      expect(row.gcShare).toBeGreaterThanOrEqual(0);
    }
    expect(report.ratio?.median).toBeGreaterThan(0);
    expect(stdout).toContain('workload stream, seed 1: 20,000 events');
    expect(stdout).toMatch(/ratio worker \/ \(kafkajs \+ JSON\.parse\): \d/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
