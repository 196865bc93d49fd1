/** A service as a child process: started again when it dies, given up when it cannot live, ended when asked. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ServiceProcess } from '../../src/up/service-process.ts';
import { captureOutput } from '../captured-output.ts';

const entry = fileURLToPath(new URL('../programs/service.ts', import.meta.url));
const patience = { timeout: 15_000, interval: 20 };
let folder = '';
let running: ServiceProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-cli-'));
});
afterEach(async () => {
  for (const service of running) service.kill();
  running = [];
  await rm(folder, { recursive: true, force: true });
});

function start(env: Record<string, string> = {}) {
  const output = captureOutput();
  const onGiveUp = vi.fn<(error: Error) => void>();
  const service = new ServiceProcess({ name: 'stand-in', entry, env: { ...process.env, ...env }, heapMib: 64, logsFolder: folder, output, onGiveUp });
  running.push(service);
  service.start();
  const log = async (): Promise<string> => await readFile(join(folder, 'stand-in.log'), 'utf8');
  const isUp = (times: number) => vi.waitFor(async () => expect((await log()).match(/"up /g)).toHaveLength(times), patience);
  return { service, output, onGiveUp, isUp };
}

function isAlive(pid: number | undefined): boolean {
  try {
    return process.kill(pid ?? 0, 0);
  } catch {
    return false;
  }
}

it('ends by SIGTERM when asked, and is not started again', { timeout: 30_000 }, async () => {
  const { service, output, isUp } = start();
  await isUp(1);
  const { pid } = service;
  await service.stop(5_000);
  await service.stop(5_000);
  expect(isAlive(pid)).toBe(false);
  service.start();
  expect(service.pid).toBeUndefined();
  expect(output.err()).toEqual([]);
});

it('is killed when it does not end within the grace time', { timeout: 30_000 }, async () => {
  const { service, isUp } = start({ STAND_IN_DEAF: 'yes' });
  await isUp(1);
  const { pid } = service;
  await service.stop(100);
  expect(isAlive(pid)).toBe(false);
});

it('is started again after a kill, and the end of its log is shown', { timeout: 30_000 }, async () => {
  const { service, output, onGiveUp, isUp } = start({ STAND_IN_NAME: 'worker' });
  await isUp(1);
  process.kill(service.pid ?? 0, 'SIGKILL');
  await isUp(2);
  expect(output.err()).toEqual([`stand-in ended (SIGKILL); the end of ${folder}/stand-in.log:`, '    info  up worker', 'starting stand-in again']);
  expect(onGiveUp).not.toHaveBeenCalled();
  await service.stop(5_000);
});

it('is given up at once when its configuration is wrong', { timeout: 30_000 }, async () => {
  const { output, onGiveUp } = start({ STAND_IN_EXIT: '3' });
  await vi.waitFor(() => expect(onGiveUp).toHaveBeenCalledOnce(), patience);
  expect(onGiveUp.mock.calls[0]?.[0]).toMatchObject({ message: 'stand-in cannot be kept running: its configuration is wrong', exitCode: 3 });
  expect(output.err().at(-1)).toBe('    fatal  cannot go on: by design');
});
