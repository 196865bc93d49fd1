// The benchmarks without engines: their tiny modes compute every row, and what does not depend on the machine's speed holds.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import type { HeapRow } from '../heap.bench.ts';
import type { MetricsReport } from '../metrics.bench.ts';
import type { StateReport } from '../state.bench.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidemark-bench-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function tiny(name: string): Promise<{ json: string; stdout: string }> {
  const jsonFile = join(folder, `${name}.json`);
  const program = join(import.meta.dirname, `../${name}.bench.ts`);
  const { stdout } = await promisify(execFile)(process.execPath, [program, '--tiny', `--json=${jsonFile}`], { timeout: 120_000 });
  return { json: readFileSync(jsonFile, 'utf8'), stdout };
}

it('measures the state of the three sets by kind of register, and a touched register of 128 days is small', async () => {
  const { json, stdout } = await tiny('state');
  const { reports }: { reports: readonly StateReport[] } = JSON.parse(json);
  expect(reports.map(({ name }) => name)).toEqual(['auto-cabinet', 'map-constructor', 'saas-lifecycle']);
  for (const { actors, kinds, arrayBytes } of reports) {
    expect(actors).toBeGreaterThan(1_800);
    for (const kind of kinds) expect([kind, kind.count > 0 && kind.memoryBytes > 0 && kind.packedBytes >= 0]).toEqual([kind, true]);
    // The kinds are all that there is: the garbage collector knows of no array beyond them, but for the decoder's.
    const sum = kinds.reduce((bytes, { memoryBytes }) => bytes + memoryBytes, 0);
    expect(arrayBytes).toBeGreaterThan(sum * 0.9);
  }
  const days = reports[0]?.days;
  expect(days?.windowWords).toBe(5);
  // A store of few rows has room for twice as many; the bound of 48 B is for 100,000 actors.
  expect(days?.memoryBytesPerRow).toBeLessThanOrEqual(72);
  expect(days?.packedBytesPerRow).toBeLessThanOrEqual(32);
  expect(stdout).toContain('a touched Days register of 128 days');
});

it('keeps nothing of an event that changes no register, and allocates next to nothing in passing', async () => {
  const { rows }: { rows: readonly HeapRow[] } = JSON.parse((await tiny('heap')).json);
  expect(rows).toHaveLength(5);
  for (const { title, keptHeapBytesPerEvent, keptArrayBytesPerEvent, allocatedBytesPerEvent } of rows) {
    expect([title, keptHeapBytesPerEvent < 1, keptArrayBytesPerEvent]).toEqual([title, true, 0]);
    // What the optimiser makes of it differs from run to run by a boxed number or two; an object per event would be more.
    expect([title, allocatedBytesPerEvent < 64]).toEqual([title, true]);
  }
});

it('compares the fold of the set with that of 100 more metrics', async () => {
  const { json, stdout } = await tiny('metrics');
  const report: MetricsReport = JSON.parse(json);
  expect(report.metrics[1] - report.metrics[0]).toBe(100);
  for (const value of [...report.decodeUs, ...report.foldUs, report.foldRatio.median, report.ratio.median]) expect(value).toBeGreaterThan(0);
  expect(stdout).toMatch(/ratio of the fold: \d/);
});
