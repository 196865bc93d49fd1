/** One fuzzing thread and its watchman: tells a hang, a thread that died of its memory, and growth of the whole process from ordinary work. */
import { Worker } from 'node:worker_threads';
import { Blackboard } from './blackboard.ts';
import { type Assignment, isReport, type Report } from './messages.ts';

export interface Limits {
  /** CPU of the process for one input; a thread that is not scheduled hangs nobody. */
  readonly hangCpuMs: number;
  /** For an input that waits without working. */
  readonly hangWallMs: number;
  /** Of the whole process. */
  readonly rssBytes: number;
}

export const LIMITS: Limits = { hangCpuMs: 1_000, hangWallMs: 20_000, rssBytes: 2 * 2 ** 30 };

const OLD_SPACE_MB = 768;
const WATCH_EVERY_MS = 100;

export type Ending =
  | { readonly why: 'done' }
  | { readonly why: 'hang' | 'memory' | 'died'; readonly input: Uint8Array | null; readonly text: string };

export interface StartedThread {
  readonly board: Blackboard;
  readonly ended: Promise<Ending>;
  post(input: Uint8Array): void;
  stop(): Promise<void>;
}

export function startThread(assignment: Omit<Assignment, 'blackboard'>, onReport: (report: Report) => void, limits = LIMITS): StartedThread {
  const board = new Blackboard();
  const thread = new Worker(new URL('./thread.ts', import.meta.url), {
    workerData: { ...assignment, blackboard: board.buffer } satisfies Assignment,
    resourceLimits: { maxOldGenerationSizeMb: OLD_SPACE_MB },
  });
  const ended = Promise.withResolvers<Ending>();
  thread.on('message', (report: unknown) => {
    if (isReport(report)) onReport(report);
  });
  thread.on('error', (error: unknown) => {
    const text = error instanceof Error ? `${error.stack}` : String(error);
    const isOutOfMemory = error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    ended.resolve({ why: isOutOfMemory ? 'memory' : 'died', input: board.running(), text });
  });
  thread.on('exit', () => {
    const input = board.running();
    const waits = { why: 'hang' as const, input, text: 'the input waits for something that never comes' };
    ended.resolve(input === null || board.isStopping ? { why: 'done' } : waits);
  });
  const watch = watchman(board, limits, (ending) => {
    ended.resolve(ending);
    void thread.terminate();
  });
  void ended.promise.then(() => clearInterval(watch));
  return {
    board,
    ended: ended.promise,
    post: (input) => thread.postMessage(input),
    stop: async () => {
      board.askToStop();
      await thread.terminate();
    },
  };
}

function watchman(board: Blackboard, limits: Limits, found: (ending: Ending) => void): NodeJS.Timeout {
  let seen = { begun: -1, cpuMs: 0, wallMs: 0 };
  return setInterval(() => {
    const input = board.running();
    const now = { begun: board.begun, cpuMs: cpuMs(), wallMs: performance.now() };
    if (input === null || now.begun !== seen.begun) seen = now;
    else if (now.cpuMs - seen.cpuMs > limits.hangCpuMs || now.wallMs - seen.wallMs > limits.hangWallMs)
      found({ why: 'hang', input, text: `one input took ${Math.round(now.cpuMs - seen.cpuMs)} ms of CPU and was not done` });
    const { rss } = process.memoryUsage();
    if (rss > limits.rssBytes) found({ why: 'memory', input, text: `the process grew to ${Math.round(rss / 2 ** 20)} MiB` });
  }, WATCH_EVERY_MS);
}

/** CPU of this process so far, all threads together. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
