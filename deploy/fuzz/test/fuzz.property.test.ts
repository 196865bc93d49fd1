// The fuzzer on bugs that were planted, and a short run of every target over its committed corpus and what a few seconds make of it.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDraw, mutate } from '../engine/mutate.ts';
import { signatureOf } from '../engine/signature.ts';
import { targetFiles } from '../engine/target.ts';

const fuzzFolder = join(import.meta.dirname, '..');
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-fuzz-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function fuzz(...options: string[]): Promise<{ code: number; output: string }> {
  const run = promisify(execFile)(process.execPath, [join(fuzzFolder, 'main.ts'), `--folder=${folder}`, ...options]);
  const { stdout, code } = await run.then(
    ({ stdout: output }) => ({ stdout: output, code: 0 }),
    (error: { stdout?: string; code?: number }) => ({ stdout: error.stdout ?? String(error), code: error.code ?? -1 }),
  );
  return { code, output: stdout };
}

test.each([...targetFiles.keys()])('%s holds what it promises over its corpus and new inputs', async (target) => {
  const { code, output } = await fuzz(`--target=${target}`, '--minutes=0.045');
  expect(output).not.toContain('FOUND');
  expect(code).toBe(0);
  const results: Record<string, { executions: number; blocks: number }> = JSON.parse(readFileSync(join(folder, 'fuzz.json'), 'utf8'));
  expect(results[target]?.executions).toBeGreaterThan(20);
  expect(results[target]?.blocks).toBeGreaterThan(100);
});

test('a planted error and a planted hang are found, told apart, and made small', async () => {
  const { code, output } = await fuzz(`--file=${join(import.meta.dirname, 'planted.fuzz.ts')}`, '--minutes=0.08');
  expect(code).toBe(1);
  expect(output).toContain('FOUND TypeError @ planted at #');
  expect(output).toContain('FOUND hang');
  const found = readdirSync(join(folder, 'fuzz/findings/planted')).filter((name) => !name.endsWith('.txt'));
  const texts = found.map((name) => readFileSync(join(folder, 'fuzz/findings/planted', name), 'latin1'));
  // `deep` and `er` have no letter in common that could be saved: seven characters with the brace.
  expect(texts.find((text) => text.includes('deep'))?.length).toBe(7);
  expect(texts.find((text) => text.endsWith('loop'))?.length).toBeGreaterThan(40);
}, 120_000);

test('the committed corpus is small', () => {
  const files = readdirSync(join(fuzzFolder, 'corpus'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const bytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
  expect(files.length).toBeLessThanOrEqual(300);
  expect(bytes).toBeLessThanOrEqual(2 ** 20);
});

test('the same seed makes the same inputs, of bounded length', () => {
  const inputsOf = (seed: number): string[] => {
    const mutation = { draw: createDraw(seed), dictionary: [Buffer.from('word')], corpus: [Buffer.from('{"a":17}\nb')], maxBytes: 500 };
    return Array.from({ length: 400 }, () => Buffer.from(mutate(Buffer.from('{"a":[1,2]}'), mutation)).toString('hex'));
  };
  expect(inputsOf(3)).toEqual(inputsOf(3));
  expect(inputsOf(3)).not.toEqual(inputsOf(4));
  expect(new Set(inputsOf(3)).size).toBeGreaterThan(300);
  expect(Math.max(...inputsOf(3).map(({ length }) => length))).toBeLessThanOrEqual(1_000);
});

test('one bug has one signature, whatever numbers and texts its message names', () => {
  const thrown = (message: string): Error => Object.assign(new RangeError(message), { stack: '' });
  expect(signatureOf(thrown('12 of "a" at -5'))).toBe(signatureOf(thrown('7 of "bc" at 0')));
  expect(signatureOf(thrown('another'))).not.toBe(signatureOf(thrown('12 of "a" at -5')));
});
