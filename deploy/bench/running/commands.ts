/** The project's command line as operators run it: what it printed as JSON, and how it ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** One line of `--json`; which of the fields are there is told by the command. */
export interface Told {
  readonly plan?: { readonly lineage: string; readonly act: string };
  readonly difference?: {
    readonly metric: string;
    readonly table: string;
    readonly bucket: number;
    readonly column: number;
    readonly was: number;
    readonly is: number;
  };
  readonly report?: { readonly compared: number; readonly unexplained: number; readonly notCompared: readonly number[] };
  readonly outcome?: string;
  /** Of `lineages`. */
  readonly lineages?: readonly { readonly lineage: string; readonly standing: string }[];
}

export interface RunningCommand {
  /** Of `plan` and `apply`, as soon as it is told; rejects when the command ends before. */
  plan(): Promise<NonNullable<Told['plan']>>;
  /** Rejects, with what was said, unless the exit code is 0. */
  ended: Promise<readonly Told[]>;
}

const program = join(import.meta.dirname, '../../../services/cli/src/main.ts');

export function startCommand(args: readonly string[], env: NodeJS.ProcessEnv): RunningCommand {
  const child: ChildProcess = spawn(process.execPath, [program, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  // A benchmark that is interrupted leaves nothing running.
  const killed = (): void => void child.kill('SIGKILL');
  process.once('exit', killed);
  const lines: Told[] = [];
  const messages: string[] = [];
  const listeners = new Set<() => void>();
  if (child.stdout !== null)
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('{')) lines.push(JSON.parse(line));
      else messages.push(line);
      for (const listener of listeners) listener();
    });
  if (child.stderr !== null) createInterface({ input: child.stderr }).on('line', (line) => messages.push(line));
  const ended = new Promise<readonly Told[]>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      process.off('exit', killed);
      if (code === 0) resolve(lines);
      else reject(new Error(`tidemark ${args.join(' ')} ended with ${signal ?? `code ${code}`}:\n${messages.slice(-20).join('\n')}`));
    });
  });
  // Whoever waits for a line first is told by it.
  ended.catch(() => undefined);
  return {
    ended,
    plan: () => {
      const found = new Promise<NonNullable<Told['plan']>>((resolve) => {
        const look = (): void => {
          const plan = lines.find((line) => line.plan !== undefined)?.plan;
          if (plan === undefined) return;
          listeners.delete(look);
          resolve(plan);
        };
        listeners.add(look);
        look();
      });
      const never = ended.then(() => Promise.reject(new Error(`tidemark ${args.join(' ')} ended and never told its plan`)));
      return Promise.race([found, never]);
    },
  };
}

/** Runs it to its end. */
export function runCommand(args: readonly string[], env: NodeJS.ProcessEnv): Promise<readonly Told[]> {
  return startCommand(args, env).ended;
}
