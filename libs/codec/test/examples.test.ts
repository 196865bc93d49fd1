/** The examples of `schemas/events` decode as their names say, by both decoders, and every reason has its line and its example. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { Vocabulary } from '@tidemark/core';
import { expect, test } from 'vitest';
import { createDecoder, createPlainDecoder, describeEvent, REJECT_REASONS } from '../src/index.ts';
import { agree } from './decoder-agreement.ts';

const folder = new URL('../../../schemas/events/', import.meta.url);
const vocabulary = new Vocabulary();
vocabulary.name('Service Booked');
const decoders = [createDecoder(vocabulary), createPlainDecoder(vocabulary)];

interface Recipe {
  readonly before: string;
  readonly repeat: string;
  readonly times: number;
  readonly repeatAfter?: string;
  readonly after: string;
}

const namesIn = (kind: string): string[] => readdirSync(new URL(`${kind}/`, folder)).filter((name) => !name.endsWith('.key'));

function bytesOf(path: string): Buffer | null {
  if (path.endsWith('.none')) return null;
  const bytes = readFileSync(new URL(path, folder));
  if (path.endsWith('.hex')) return Buffer.from(bytes.toString().trim(), 'hex');
  if (!path.endsWith('.recipe.json')) return bytes;
  const { before, repeat, times, repeatAfter = '', after }: Recipe = JSON.parse(bytes.toString());
  return Buffer.from(before + repeat.repeat(times) + repeatAfter.repeat(times) + after);
}

function keyOf(path: string): Buffer | null {
  if (path.startsWith('rejected/null_key')) return null;
  const file = new URL(path.replace(/\.\w+$/, '.key'), folder);
  return existsSync(file) ? readFileSync(file) : Buffer.from('u1');
}

test.each(namesIn('accepted'))('accepted/%s is accepted', (name) => {
  const path = `accepted/${name}`;
  for (const decoder of decoders) {
    const event = decoder.decode(keyOf(path), bytesOf(path));
    expect(event === null ? decoder.reason : 'accepted').toBe('accepted');
  }
  expect(agree(keyOf(path), bytesOf(path))).toBe(true);
});

test.each(namesIn('rejected'))('rejected/%s is rejected for the reason in its name', (name) => {
  const path = `rejected/${name}`;
  const reason = name.split('.')[0];
  for (const decoder of decoders) {
    expect(decoder.decode(keyOf(path), bytesOf(path))).toBeNull();
    expect(decoder.reason).toBe(reason);
  }
  expect(describeEvent(keyOf(path), bytesOf(path))).toStrictEqual({ accepted: false, reason });
  expect(agree(keyOf(path), bytesOf(path))).toBe(false);
});

test('every reason has its line in the README, in the order of the checks, and an example', () => {
  const readme = readFileSync(new URL('README.md', folder), 'utf8');
  const lines = [...readme.matchAll(/^\| `(\w+)` *\|/gm)].map((line) => line[1]);
  expect(lines).toStrictEqual(REJECT_REASONS);
  const examples = new Set(namesIn('rejected').map((name) => name.split('.')[0]));
  expect([...examples].sort()).toStrictEqual([...REJECT_REASONS].sort());
});

test('a value of exactly 1 MiB is accepted, one byte more is too large', () => {
  const frame = '{"type":"page","userId":"u1","messageId":"m","timestamp":0,"x":""}';
  for (const decoder of decoders) {
    const value = (bytes: number): Buffer => Buffer.from(frame.replace('""', `"${'x'.repeat(bytes - frame.length)}"`));
    expect(decoder.decode(Buffer.from('u1'), value(1_048_576))?.timeMs).toBe(0);
    expect(decoder.decode(Buffer.from('u1'), value(1_048_577))).toBeNull();
    expect(decoder.reason).toBe('too_large');
  }
});
