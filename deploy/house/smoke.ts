// `npm run smoke`: does what the README tells a newcomer to do, with an empty data folder, and fails unless moving figures are served and nothing is left behind.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listPaths, newPaths } from './file-trail.ts';
import { browserPath, MovingPages } from './moving-pages.ts';
import { signalGroup } from './process-group.ts';
import { curlPaths, getText, hasAdvanced, hasMoved, readAll, type Served } from './served-figures.ts';
import { remainingPids, type StartedProcess, startedIn } from './started-processes.ts';

const readyWithinMs = 10 * 60_000;
const figuresWithinMs = 60_000;
const advanceWithinMs = 20_000;
const leaveWithinMs = 15_000;
const mostMemoryMib = 2.3 * 1024;
const root = join(import.meta.dirname, '../..');

interface Run {
  readonly child: ChildProcess;
  readonly exit: Promise<string>;
  readonly output: () => string;
  /** The folder by which everything that the run started is found again. */
  readonly folder: string;
}

function say(line: string): void {
  console.log(`smoke: ${line}`);
}

function check(holds: boolean, failure: string): asserts holds {
  if (!holds) throw new Error(failure);
}

function start(dataFolder: string, port: number): Run {
  const command = process.argv.length > 2 ? process.argv.slice(2) : ['npm', 'start'];
  const env = { ...process.env, TIDEMARK_DATA: dataFolder, TIDEMARK_HTTP_PORT: String(port), NO_COLOR: '1' };
  const child = spawn(command[0] ?? 'npm', command.slice(1), { cwd: root, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-200_000);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const exit = new Promise<string>((resolve) => {
    child.on('exit', (code, signal) => resolve(signal ?? `code ${code}`));
    child.on('error', (error) => resolve(error.message));
  });
  return { child, exit, output: () => output, folder: dataFolder };
}

/** Asks again each half second until there is an answer; the last failure is part of the error. */
async function until<T>(what: string, withinMs: number, run: Run, ask: () => Promise<T | undefined>): Promise<T> {
  const startedAt = performance.now();
  let last = '';
  while (performance.now() - startedAt < withinMs) {
    check(
      run.child.exitCode === null && run.child.signalCode === null,
      `it ended (${await Promise.race([run.exit, 'still ending'])}) before ${what}`,
    );
    try {
      const answer = await ask();
      if (answer !== undefined) {
        say(`${what} after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
        return answer;
      }
    } catch (error) {
      last = error instanceof Error ? `: ${error.message}` : '';
    }
    await sleep(500);
  }
  throw new Error(`no ${what} within ${withinMs / 1000} s${last}`);
}

async function readFigures(address: string): Promise<readonly Served[] | undefined> {
  const served = await readAll(address);
  const empty = served.filter(({ figures }) => !figures.some((figure) => figure > 0));
  if (empty.length > 0) throw new Error(`only zeros in ${empty.map(({ path }) => path).join(', ')}`);
  return served;
}

async function checkServed(run: Run): Promise<void> {
  const address = await until(
    'printed address',
    readyWithinMs,
    run,
    async () => /Tidemark is ready at (http:\/\/127\.0\.0\.1:\d+)/.exec(run.output())?.[1],
  );
  const readyAt = performance.now();
  const pages = browserPath === undefined ? undefined : await MovingPages.open(address, browserPath);
  try {
    await checkFigures(run, { address, readyAt, pages });
  } finally {
    await pages?.close();
  }
}

/** All of it within the minute that the newcomer is promised. */
async function checkFigures(
  run: Run,
  { address, readyAt, pages }: { address: string; readyAt: number; pages: MovingPages | undefined },
): Promise<void> {
  const leftMs = (): number => Math.max(1_000, figuresWithinMs - (performance.now() - readyAt));
  const first = await until('figures above zero in every metric', figuresWithinMs, run, () => readFigures(address));
  const lines = curlPaths(readFileSync(join(root, 'README.md'), 'utf8'));
  check(lines.length > 0, 'the README has no curl command');
  for (const { path, headers } of lines) await getText(address, path, headers);
  say(`${lines.length} curl commands of the README answer 200`);
  check((await getText(address, '/', {})).includes('<script type="module"'), 'the printed address shows no dashboard');
  await until('moved figure', leftMs(), run, async () => hasMoved(first, await readAll(address)) || undefined);
  if (pages === undefined) say('skipped: no chromium on the PATH to see the pages move');
  else
    await until(`${pages.count} open pages moved by themselves`, leftMs(), run, async () => {
      const still = await pages.unmoved();
      if (still.length > 0) throw new Error(`nothing changed on ${still.join(', ')}`);
      return true;
    });
  const later = await readAll(address);
  await until('position further on', advanceWithinMs, run, async () => hasAdvanced(later, await readAll(address)) || undefined);
}

function checkProcesses(run: Run): readonly StartedProcess[] {
  const processes = startedIn(run.folder);
  for (const { pid, command, pssMib, listens } of processes)
    say(`pid ${pid} ${pssMib.toFixed(0)} MiB PSS, listens on ${listens.map(({ port }) => port).join(', ') || 'nothing'}: ${command}`);
  const exposed = processes.flatMap(({ listens }) => listens).filter(({ isLoopback }) => !isLoopback);
  check(exposed.length === 0, `ports beyond loopback: ${exposed.map(({ port }) => port).join(', ')}`);
  const totalMib = processes.reduce((sum, { pssMib }) => sum + pssMib, 0);
  say(`together ${(totalMib / 1024).toFixed(2)} GiB PSS`);
  check(totalMib <= mostMemoryMib, `together ${totalMib.toFixed(0)} MiB of proportional memory, at most ${mostMemoryMib.toFixed(0)}`);
  return processes;
}

async function checkLeaves(run: Run, processes: readonly StartedProcess[]): Promise<void> {
  const startedAt = performance.now();
  signalGroup(run.child.pid, 'SIGINT');
  const ending = await Promise.race([run.exit, sleep(leaveWithinMs, undefined, { ref: false })]);
  check(ending !== undefined, `Ctrl-C did not end it within ${leaveWithinMs / 1000} s`);
  check(['code 0', 'code 130', 'SIGINT'].includes(ending), `after Ctrl-C it ended with ${ending}`);
  say(`left with ${ending} ${((performance.now() - startedAt) / 1000).toFixed(1)} s after Ctrl-C`);
  while (remainingPids(run.folder).length > 0 && performance.now() - startedAt < leaveWithinMs) await sleep(200);
  const left = startedIn(run.folder);
  check(left.length === 0, `left running: ${left.map(({ pid, command }) => `${pid} ${command}`).join('; ')}`);
  const ports = processes.flatMap(({ listens }) => listens.map(({ port }) => port));
  const open: number[] = [];
  for (const port of ports) if (await isOpen(port)) open.push(port);
  check(open.length === 0, `still open: ports ${open.join(', ')}`);
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('connect', () => end(true)).on('error', () => end(false));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (address !== null && typeof address === 'object' ? resolve(address.port) : reject(new Error('no free port'))));
    });
  });
}

async function main(): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'tidemark-smoke-'));
  const before = listPaths(root, scratch);
  const run = start(join(scratch, 'data'), await freePort());
  const interrupt = (): void => signalGroup(run.child.pid, 'SIGINT');
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    await checkServed(run);
    await checkLeaves(run, checkProcesses(run));
    const trail = newPaths(before, listPaths(root, scratch));
    check(trail.length === 0, `new files outside the data folder: ${trail.join(', ')}`);
    say('passed');
  } catch (error) {
    console.error(`${run.output().split('\n').slice(-60).join('\n')}\nsmoke: failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  } finally {
    signalGroup(run.child.pid, 'SIGKILL');
    for (const pid of remainingPids(run.folder)) process.kill(pid, 'SIGKILL');
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
}

await main();
