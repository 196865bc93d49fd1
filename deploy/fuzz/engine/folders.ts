/** Where inputs are kept: the committed corpus, the larger one of past runs, and findings. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../../..');
const committed = join(root, 'deploy/fuzz/corpus');

/** Together at most 300 files and a mebibyte, over all targets. */
const COMMITTED_FILES = 60;
const COMMITTED_BYTES = 200 * 1024;

/** `folder`: where runs leave what they find. */
export function readCorpus(folder: string, target: string): readonly Uint8Array[] {
  return [...readInputs(join(committed, target)), ...readInputs(join(folder, 'fuzz', 'corpus', target))];
}

export function readCommitted(target: string): readonly Uint8Array[] {
  return readInputs(join(committed, target));
}

export function keepInput(folder: string, target: string, input: Uint8Array): void {
  writeInput(join(folder, 'fuzz', 'corpus', target), input);
}

/** Answers the file. */
export function keepFinding(folder: string, target: string, finding: { input: Uint8Array; name: string; text: string }): string {
  const file = join(folder, 'fuzz', 'findings', target, hashOf(Buffer.from(finding.name)));
  mkdirSync(join(folder, 'fuzz', 'findings', target), { recursive: true });
  writeFileSync(file, finding.input);
  writeFileSync(`${file}.txt`, `${finding.name}\n\n${finding.text}\n`);
  return file;
}

/** Replaces the committed corpus of a target by the smallest of these inputs; answers how many fit. */
export function commitCorpus(target: string, inputs: readonly Uint8Array[]): number {
  const folder = join(committed, target);
  rmSync(folder, { recursive: true, force: true });
  let bytes = 0;
  let files = 0;
  for (const input of inputs.toSorted((left, right) => left.length - right.length)) {
    bytes += input.length;
    if (files === COMMITTED_FILES || bytes > COMMITTED_BYTES) break;
    writeInput(folder, input);
    files += 1;
  }
  return files;
}

function readInputs(folder: string): readonly Uint8Array[] {
  try {
    return readdirSync(folder)
      .sort()
      .map((name) => readFileSync(join(folder, name)));
  } catch {
    // There is none yet.
    return [];
  }
}

function writeInput(folder: string, input: Uint8Array): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, hashOf(input)), input);
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}
