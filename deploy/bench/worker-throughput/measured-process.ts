// Starts a program pinned to one core, a program of Node's with the probe inside, which answers what it has used.
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Usage } from './probe.ts';

const measuredCore = '0';
const otherCore = '1';
const stopWithinMs = 20_000;
const probe = join(import.meta.dirname, 'probe.ts');

/** Whether processes can be kept on cores of their own here. */
export const canPin = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0;

/** Moves running processes with all their threads to the other core. */
export function pinAway(pids: readonly number[]): void {
  if (!canPin) return;
  for (const pid of pids) spawnSync('taskset', ['-a', '-c', '-p', otherCore, String(pid)]);
}

export interface PinnedProcess {
  readonly pid: number;
  /** Resolves with the first line of output that holds the text; rejects when the process ends before. */
  line(text: string): Promise<string>;
  /** The lines so far that hold the text. */
  lines(text: string): readonly string[];
  /** The answer, unless the process ends before: then it rejects. */
  whileRunning<T>(answer: Promise<T>): Promise<T>;
  /** SIGTERM, and SIGKILL after 20 s. */
  stop(): Promise<void>;
}

export interface MeasuredProcess extends PinnedProcess {
  usage(): Promise<Usage>;
}

/** A program of Node's, with the probe inside. */
export function startMeasured(program: string, options: { env: NodeJS.ProcessEnv; profileFolder: string | null }): MeasuredProcess {
  const profiling = options.profileFolder === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profileFolder}`];
  const command = [process.execPath, ...profiling, '--import', probe, program];
  const { child, pinned } = spawnPinned(command, { env: options.env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] }, program);
  return {
    ...pinned,
    usage: () => {
      const answer = new Promise<Usage>((resolve) => {
        const listen = (message: unknown): void => {
          if (!isUsageMessage(message)) return;
          child.off('message', listen);
          resolve(message.usage);
        };
        child.on('message', listen);
      });
      child.send('usage');
      return pinned.whileRunning(answer);
    },
  };
}

/** The command on the measured core. */
export function pinnedCommand(command: readonly string[]): readonly string[] {
  return canPin ? ['taskset', '-c', measuredCore, ...command] : command;
}

/** Any program. */
export function startPinned(command: readonly string[], env: NodeJS.ProcessEnv): PinnedProcess {
  return spawnPinned(command, { env, stdio: ['ignore', 'pipe', 'pipe'] }, command.join(' ')).pinned;
}

function spawnPinned(command: readonly string[], options: SpawnOptions, name: string): { child: ChildProcess; pinned: PinnedProcess } {
  const [file = '', ...args] = pinnedCommand(command);
  const child = spawn(file, args, options);
  // A benchmark that is interrupted leaves nothing running.
  const killed = (): void => void child.kill('SIGKILL');
  process.once('exit', killed);
  child.once('exit', () => process.off('exit', killed));
  const end = new Promise<string>((resolve) => {
    child.on('exit', (code, signal) => resolve(signal ?? `code ${code}`));
    child.on('error', (error) => resolve(error.message));
  });
  const output = watchOutput(child);
  const orEnd = <T>(answer: Promise<T>): Promise<T> =>
    Promise.race([answer, end.then((how) => Promise.reject(new Error(`${name} ended with ${how}:\n${output.tail()}`)))]);
  const pinned: PinnedProcess = {
    // taskset becomes the program that it starts.
    pid: child.pid ?? 0,
    line: (text) => orEnd(output.line(text)),
    lines: output.lines,
    whileRunning: orEnd,
    stop: async () => {
      child.kill('SIGTERM');
      const kill = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
      await end;
      clearTimeout(kill);
    },
  };
  return { child, pinned };
}

function watchOutput(child: ChildProcess): { line(text: string): Promise<string>; lines(text: string): readonly string[]; tail(): string } {
  const lines: string[] = [];
  const waiting: { text: string; resolve: (line: string) => void }[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      for (const each of waiting) if (line.includes(each.text)) each.resolve(line);
    });
  }
  return {
    line: (text) => {
      const known = lines.find((line) => line.includes(text));
      return known === undefined ? new Promise((resolve) => waiting.push({ text, resolve })) : Promise.resolve(known);
    },
    lines: (text) => lines.filter((line) => line.includes(text)),
    tail: () => lines.slice(-20).join('\n'),
  };
}

function isUsageMessage(message: unknown): message is { usage: Usage } {
  return typeof message === 'object' && message !== null && 'usage' in message;
}
