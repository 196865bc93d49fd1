/** How far the sample's history was sent, and which `up` runs: what is kept between starts. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readRunningUp, removeRunningUp, writeRunningUp } from '../../src/running-up.ts';
import { newDemoState, readDemoState, writeDemoState } from '../../src/up/demo-state.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-cli-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('the state of the sample comes back as it was written; a torn file is none, nor is one of a sample with other content', async () => {
  expect(await readDemoState(folder)).toBeNull();
  const state = { ...newDemoState(1, 2), sent: 3 };
  await writeDemoState(folder, state);
  expect(await readDemoState(folder)).toEqual(state);
  await writeFile(join(folder, 'run/demo.json'), '{"seed":1,"en');
  expect(await readDemoState(folder)).toBeNull();
  await writeFile(join(folder, 'run/demo.json'), '{"seed":1,"endMs":2,"sent":3,"isWhole":false}');
  expect(await readDemoState(folder)).toBeNull();
});

it('a running up is found until it ends; one that died does not count', async () => {
  const running = {
    pid: process.pid,
    httpUrl: 'http://127.0.0.1:8080',
    kafkaBrokers: ['127.0.0.1:19092'],
    redisUrl: 'redis://127.0.0.1:16379',
    namespace: 'tidemark',
  };
  await writeRunningUp(folder, running);
  expect(await readRunningUp(folder)).toEqual(running);
  await writeRunningUp(folder, { ...running, pid: 2 ** 22 + 1 });
  expect(await readRunningUp(folder)).toBeNull();
  await removeRunningUp(folder);
  expect(await readRunningUp(folder)).toBeNull();
});
