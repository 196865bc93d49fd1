// The lock: held by a living process, repaired after a dead one, even when its pid is in use again.
import { spawn } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockOwner, takeOwnerLock } from '../src/owner-lock.ts';
import { endProcess, identityOf, isAlive } from '../src/processes.ts';
import { makeTemporaryFolder, removeFolder } from './test-folders.ts';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await makeTemporaryFolder();
  path = join(folder, 'owner.json');
});

afterEach(async () => removeFolder(folder));

test('the first takes it, the second learns who holds it, and after the release it is free', async () => {
  const first = await takeOwnerLock(path);
  expect(first).toMatchObject({ repaired: false });
  expect(await takeOwnerLock(path)).toEqual({ heldBy: process.pid });
  expect((await lockOwner(path))?.pid).toBe(process.pid);
  if ('held' in first) await first.held.release();
  expect(await lockOwner(path)).toBeUndefined();
  expect(await readdir(folder)).toEqual([]);
  expect(await takeOwnerLock(path)).toMatchObject({ repaired: false });
});

test.each([
  ['a process that is dead', JSON.stringify({ pid: 2 ** 22 + 1, start: '1' })],
  ['a process whose pid is in use again', JSON.stringify({ pid: process.pid, start: 'long ago' })],
  ['half a file', '{"pid":'],
  ['an empty file', ''],
])('a lock of %s is repaired', async (_what, text) => {
  await writeFile(path, text);
  expect(await lockOwner(path)).toBeUndefined();
  expect(await takeOwnerLock(path)).toMatchObject({ repaired: true });
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(identityOf(process.pid));
  expect(await readdir(folder)).toEqual(['owner.json']);
});

test('a release does not take away a lock that is another one by now', async () => {
  const taken = await takeOwnerLock(path);
  await writeFile(path, '{"pid":1,"start":"x"}');
  if ('held' in taken) await taken.held.release();
  expect(await readFile(path, 'utf8')).toBe('{"pid":1,"start":"x"}');
});

test('a process that ignores SIGTERM is killed after the grace time', async () => {
  const child = spawn('/bin/sh', ['-c', 'trap "" TERM; while :; do sleep 0.05; done'], { detached: true, stdio: 'ignore' });
  const identity = identityOf(child.pid ?? 0);
  if (identity === undefined) throw new Error('the child did not start');
  // The shell needs a moment to set its trap.
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await endProcess(identity, 150)).toBe('killed');
  expect(isAlive(identity)).toBe(false);
  expect(await endProcess(identity, 150)).toBe('ended');
});
