// Runs a command as a process group of its own, so that a timeout or an interrupt ends everything that it started.
import { spawn } from 'node:child_process';

export interface GroupEnd {
  /** The exit code; 1 where a signal ended the command or it could not be started. */
  readonly code: number;
  readonly reason: 'ended' | 'timed out' | 'interrupted' | 'not started';
}

/** How long a group may take to leave after SIGTERM before SIGKILL follows. */
const graceMs = 15_000;

/** Runs the command to its end with this terminal's output. Never throws; a command that cannot be started is reported on stderr. */
export async function runToEnd(
  command: readonly [string, ...string[]],
  options: { readonly env: NodeJS.ProcessEnv; readonly timeoutMs: number },
): Promise<GroupEnd> {
  const [file, ...args] = command;
  const child = spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit'], env: options.env, detached: true });
  let reason: GroupEnd['reason'] = 'ended';
  let kill: NodeJS.Timeout | undefined;
  const leave = (why: GroupEnd['reason']): void => {
    if (reason !== 'ended') return;
    reason = why;
    signalGroup(child.pid, 'SIGTERM');
    kill = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), graceMs);
  };
  const interrupt = (): void => leave('interrupted');
  const timeout = setTimeout(() => leave('timed out'), options.timeoutMs);
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  const code = await new Promise<number>((resolve) => {
    child.on('error', (error) => {
      reason = 'not started';
      console.error(`${file}: ${error.message}`);
      resolve(1);
    });
    child.on('exit', (exitCode) => resolve(exitCode ?? 1));
  });
  clearTimeout(timeout);
  clearTimeout(kill);
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  return { code: reason === 'ended' ? code : 1, reason };
}

/** Sends the signal to every process of the group; a group that is already gone is no error. */
export function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
