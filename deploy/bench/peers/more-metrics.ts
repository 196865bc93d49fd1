// What 100 more metrics on other event names cost, as `bench -- metrics` measures it, for the table of the peers.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Spread } from '../in-process/spread.ts';
import { pinnedCommand } from '../worker-throughput/measured-process.ts';
import type { RatioRow } from './report.ts';

const program = join(import.meta.dirname, '../metrics.bench.ts');

/** In a process of its own on the measured core; `folder` takes its report. */
export async function measureMoreMetrics(options: { readonly folder: string; readonly seed: number; readonly isTiny: boolean }): Promise<RatioRow[]> {
  const jsonFile = join(options.folder, 'metrics.json');
  const tiny = options.isTiny ? ['--tiny', '--events=4000'] : [];
  const [file = '', ...args] = pinnedCommand([process.execPath, program, `--seed=${options.seed}`, `--json=${jsonFile}`, ...tiny]);
  await promisify(execFile)(file, args);
  const report: { foldRatio: Spread; ratio: Spread } = JSON.parse(readFileSync(jsonFile, 'utf8'));
  return [
    { measure: '100 more metrics on other names: decoding and folding', ratio: report.ratio, must: '≤ 1.1', aim: '1.05' },
    { measure: '100 more metrics on other names: the fold alone', ratio: report.foldRatio, must: 'reported', aim: '' },
  ];
}
