/** Processes by identity (pid and start time, because pids are reused): is it alive, and end it within a bounded time. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** `start` is opaque: two equal texts for one pid mean the same process. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly start: string;
}

/** The identity of a living process; undefined when there is none or only its zombie. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const start = process.platform === 'linux' ? startFromProc(pid) : startFromPs(pid);
  return start === undefined ? undefined : { pid, start };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identityOf(identity.pid)?.start === identity.start;
}

/** Signals the process group that the process leads, or the process alone where it leads none. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, signal);
      return;
    } catch {
      // No such group (or no such process): the next target, or nothing left to signal.
    }
  }
}

/** True when the process has ended within the time. */
export async function waitForEnd(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  const pauseMs = process.platform === 'linux' ? 20 : 100;
  while (isAlive(identity)) {
    if (performance.now() >= deadline) return false;
    await sleep(pauseMs);
  }
  return true;
}

/** SIGTERM, then SIGKILL after the grace time. Resolves when the process has ended; rejects when it survives even that. */
export async function endProcess(identity: ProcessIdentity, graceMs: number): Promise<'ended' | 'killed'> {
  if (!isAlive(identity)) return 'ended';
  signalGroup(identity.pid, 'SIGTERM');
  // A stopped (SIGSTOP) process acts on SIGTERM only once it goes on.
  signalGroup(identity.pid, 'SIGCONT');
  if (await waitForEnd(identity, graceMs)) return 'ended';
  signalGroup(identity.pid, 'SIGKILL');
  if (await waitForEnd(identity, 5_000)) return 'killed';
  throw new Error(`Process ${identity.pid} does not end, not even by SIGKILL; end it by hand.`);
}

function startFromProc(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // After the command name, which may itself hold spaces and parentheses: state is field 3, start time field 22.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

function startFromPs(pid: number): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    const [state, ...start] = line.split(/\s+/);
    return state === undefined || state.startsWith('Z') ? undefined : start.join(' ');
  } catch {
    return undefined;
  }
}
