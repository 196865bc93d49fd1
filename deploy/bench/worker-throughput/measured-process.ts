// Starts a program pinned to one core, with the probe inside, and asks it for its usage.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
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

export interface MeasuredProcess {
  usage(): Promise<Usage>;
  /** Resolves with the first line of output that holds the text; rejects when the process ends before. */
  line(text: string): Promise<string>;
  /** The answer, unless the process ends before: then it rejects. */
  whileRunning<T>(answer: Promise<T>): Promise<T>;
  /** SIGTERM, and SIGKILL after 20 s. */
  stop(): Promise<void>;
}

export function startMeasured(program: string, options: { env: NodeJS.ProcessEnv; profileFolder: string | null }): MeasuredProcess {
  const profiling = options.profileFolder === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profileFolder}`];
  const command = [process.execPath, ...profiling, '--import', probe, program];
  const pinned = canPin ? ['taskset', '-c', measuredCore, ...command] : command;
  const child = spawn(pinned[0] ?? '', pinned.slice(1), { env: options.env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const end = new Promise<string>((resolve) => child.on('exit', (code, signal) => resolve(signal ?? `code ${code}`)));
  const output = watchOutput(child);
  const orEnd = <T>(answer: Promise<T>): Promise<T> =>
    Promise.race([answer, end.then((how) => Promise.reject(new Error(`${program} ended with ${how}:\n${output.tail()}`)))]);
  return {
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
      return orEnd(answer);
    },
    line: (text) => orEnd(output.line(text)),
    whileRunning: orEnd,
    stop: async () => {
      child.kill('SIGTERM');
      const kill = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
      await end;
      clearTimeout(kill);
    },
  };
}

function watchOutput(child: ChildProcess): { line(text: string): Promise<string>; tail(): string } {
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
    tail: () => lines.slice(-20).join('\n'),
  };
}

function isUsageMessage(message: unknown): message is { usage: Usage } {
  return typeof message === 'object' && message !== null && 'usage' in message;
}
