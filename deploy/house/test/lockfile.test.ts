// The lock holds an entry for every platform package that it wants, so that `npm ci` works from any registry mirror.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { completed, type Lock, missingOptionals, platformEntry } from '../lockfile.ts';

const committed: Lock = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package-lock.json'), 'utf8'));

test('the committed lock lacks no optional package; `npm run lockfile` adds what npm left out', () => {
  expect(missingOptionals(committed).map(({ name }) => name)).toEqual([]);
});

test('the committed lock names no registry', () => {
  expect(Object.entries(committed.packages).filter(([, entry]) => 'resolved' in entry && /^https?:/.test(String(entry.resolved)))).toEqual([]);
});

test('a missing platform package gets an entry that npm skips on other platforms', () => {
  const lock: Lock = {
    packages: {
      '': {},
      'node_modules/tool': {
        version: '2.0.0',
        dev: true,
        optionalDependencies: { '@tool/linux-x64': '2.0.0', '@tool/darwin-arm64': '2.0.0', '@tool/linux-x64-musl': '2.0.0' },
      },
      'node_modules/tool/node_modules/@tool/linux-x64': { version: '2.0.0' },
    },
  };
  expect(missingOptionals(lock).map(({ name }) => name)).toEqual(['@tool/darwin-arm64', '@tool/linux-x64-musl']);
  const whole = completed(lock);
  expect(missingOptionals(whole)).toEqual([]);
  expect(Object.keys(whole.packages)).toEqual([
    '',
    'node_modules/@tool/darwin-arm64',
    'node_modules/@tool/linux-x64-musl',
    'node_modules/tool',
    'node_modules/tool/node_modules/@tool/linux-x64',
  ]);
  expect(whole.packages['node_modules/@tool/linux-x64-musl']).toEqual({
    version: '2.0.0',
    cpu: ['x64'],
    dev: true,
    libc: ['musl'],
    optional: true,
    os: ['linux'],
  });
});

test('platforms are read from every way of naming them, and nothing is guessed', () => {
  const entry = (name: string): unknown => platformEntry({ name, version: '1.0.0', dev: false });
  expect(entry('@turbo/windows-64')).toEqual({ version: '1.0.0', cpu: ['x64'], optional: true, os: ['win32'] });
  expect(entry('@oxc-parser/binding-linux-arm-gnueabihf')).toEqual({
    version: '1.0.0',
    cpu: ['arm'],
    libc: ['glibc'],
    optional: true,
    os: ['linux'],
  });
  expect(() => entry('fsevents')).toThrow('names no platform');
});
