/** What all runs together have shown, in one file: CPU minutes, executions, blocks and findings of each target. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface TargetResult {
  readonly cpuMinutes: number;
  readonly executions: number;
  /** Blocks of the project's code that ran, the most of any run. */
  readonly blocks: number;
  readonly slowestMs: number;
  /** Signatures, with where the input is. */
  readonly findings: Readonly<Record<string, string>>;
}

const EMPTY: TargetResult = { cpuMinutes: 0, executions: 0, blocks: 0, slowestMs: 0, findings: {} };

export function readResult(folder: string, target: string): TargetResult {
  return { ...EMPTY, ...readAll(folder)[target] };
}

/** What was there before this run and this run, together. */
export function addedUp(before: TargetResult, run: TargetResult): TargetResult {
  return {
    cpuMinutes: Math.round((before.cpuMinutes + run.cpuMinutes) * 100) / 100,
    executions: before.executions + run.executions,
    blocks: Math.max(before.blocks, run.blocks),
    slowestMs: Math.max(before.slowestMs, run.slowestMs),
    findings: { ...before.findings, ...run.findings },
  };
}

/** Other targets' results stay. */
export function writeResult(folder: string, target: string, result: TargetResult): void {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'fuzz.json');
  writeFileSync(`${file}.new`, `${JSON.stringify({ ...readAll(folder), [target]: result }, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}

function readAll(folder: string): Record<string, TargetResult> {
  try {
    return JSON.parse(readFileSync(join(folder, 'fuzz.json'), 'utf8'));
  } catch {
    // The first run.
    return {};
  }
}
