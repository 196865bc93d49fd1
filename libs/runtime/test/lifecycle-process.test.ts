/** Tests of the lifecycle in a real process: signals, an unhandled rejection, the death of the parent. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';

const node = fileURLToPath(new URL('../../../node_modules/.bin/node', import.meta.url));
const program = fileURLToPath(new URL('./programs/service.ts', import.meta.url));
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown[]>;
  output(): string;
  waitFor(text: string): Promise<void>;
}

function start(behaviour: string, env: Record<string, string> = {}): Running {
  const child = spawn(node, [program, behaviour], { stdio: 'pipe', env: { PATH: process.env['PATH'], ...env } });
  children.push(child);
  let text = '';
  const collect = (chunk: Buffer): void => {
    text += chunk.toString();
    child.emit('output');
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const waitFor = async (wanted: string): Promise<void> => {
    while (!text.includes(wanted)) await once(child, 'output');
  };
  return { child, ended: once(child, 'close'), output: () => text, waitFor };
}

test('SIGTERM stops it in order, with code 0', async () => {
  const { child, ended, output, waitFor } = start('plain');
  await waitFor('sample started');
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  expect(output()).toContain('\nstopped\n');
  expect(output()).toMatch(/"level":"info".*"reason":"SIGTERM".*is stopping/);
});

test('a second signal ends a hanging shutdown at once', async () => {
  const { child, ended, waitFor } = start('hang');
  await waitFor('sample started');
  child.kill('SIGINT');
  await waitFor('is stopping');
  await new Promise((resolve) => setTimeout(resolve, 40));
  child.kill('SIGINT');
  expect(await ended).toEqual([1, null]);
});

test('an unhandled rejection is logged as fatal and ends with code 1', async () => {
  const { ended, output, waitFor } = start('reject');
  await waitFor('stopped');
  expect(await ended).toEqual([1, null]);
  expect(output()).toMatch(/"level":"fatal".*a bug/);
});

test('with the parent watched, the end of stdin stops it although nobody reads its output any more', async () => {
  const { child, ended, waitFor } = start('plain', { TIDEMARK_PARENT_WATCH: 'stdin' });
  await waitFor('sample started');
  child.stdout?.destroy();
  child.stderr?.destroy();
  child.stdin?.end();
  expect(await ended).toEqual([0, null]);
});
