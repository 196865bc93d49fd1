/** One service as a child process: its log in a file, started again when it ends by itself, ended for good when it is asked to. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodes, exitError } from '@tidemark/runtime';
import type { Output } from '../terminal-output.ts';
import { logTail } from './log-tail.ts';
import { createRestarts } from './restarts.ts';

export interface ServiceProcessOptions {
  readonly name: string;
  /** The program's file. */
  readonly entry: string;
  readonly env: NodeJS.ProcessEnv;
  /** Of V8's old space. */
  readonly heapMib: number;
  readonly logsFolder: string;
  readonly output: Output;
  /** It cannot be kept running. */
  readonly onGiveUp: (error: Error) => void;
}

const LARGEST_LOG_BYTES = 16 * 1024 * 1024;
const SHOWN_LINES = 8;

/**
 * V8 counts the young space into the heap's limit and lets it grow to 134 MB: in a heap of 160 every collection is then a full one, for good, also at rest
 * (94 % of a core, once, after a burst).
 */
const YOUNG_SPACE = '--max-semi-space-size=8';
/** The C library gives large buffers back as they are freed, instead of keeping them: batches of a catch-up are large, and several services share a laptop. */
const ALLOCATOR = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '262144', MALLOC_TRIM_THRESHOLD_: '1048576' };

/** Owns the child. */
export class ServiceProcess {
  readonly #options: ServiceProcessOptions;
  readonly #restarts = createRestarts();
  readonly #logPath: string;
  #child: ChildProcess | null = null;
  #ended: Promise<void> = Promise.resolve();
  #pause: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(options: ServiceProcessOptions) {
    this.#options = options;
    this.#logPath = join(options.logsFolder, `${options.name}.log`);
    moveLargeLog(this.#logPath);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    if (this.#stopping) return;
    const { entry, env, heapMib } = this.#options;
    const log = openSync(this.#logPath, 'a');
    // detached: a Ctrl-C of the terminal reaches only us, so that the order of stopping is ours. The pipe ends with us, by any death, and the service with it.
    const child = spawn(process.execPath, [`--max-old-space-size=${heapMib}`, YOUNG_SPACE, entry], {
      env: { ...env, ...ALLOCATOR, TIDEMARK_PARENT_WATCH: 'stdin' },
      stdio: ['pipe', log, log],
      detached: true,
    });
    closeSync(log);
    child.stdin?.on('error', () => undefined);
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      const onEnd = (how: string, code: number | null): void => {
        if (this.#child !== child) return;
        this.#child = null;
        resolve();
        if (!this.#stopping) void this.#startAgain(how, code);
      };
      child.once('exit', (code, signal) => onEnd(signal ?? `exit code ${code}`, code));
      child.once('error', (error) => onEnd(error.message, null));
    });
  }

  /** SIGTERM, then SIGKILL after the grace time. Idempotent. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#pause);
    const child = this.#child;
    if (child === null) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await this.#ended;
    clearTimeout(timer);
  }

  /** For the last moment of this process. */
  kill(): void {
    this.#stopping = true;
    this.#child?.kill('SIGKILL');
  }

  async #startAgain(how: string, code: number | null): Promise<void> {
    const { name, output, onGiveUp } = this.#options;
    const tail = (await logTail(this.#logPath, SHOWN_LINES)).map((line) => `    ${line}`);
    if (this.#stopping) return;
    output.message([`${output.style.red(`${name} ended (${how})`)}; the end of ${this.#logPath}:`, ...tail].join('\n'));
    const pauseMs = code === exitCodes.config ? null : this.#restarts.next(performance.now());
    if (pauseMs === null) {
      const why = code === exitCodes.config ? 'its configuration is wrong' : 'it ended six times within a minute';
      onGiveUp(exitError(code === exitCodes.config ? exitCodes.config : exitCodes.failed, `${name} cannot be kept running: ${why}`));
      return;
    }
    output.message(`starting ${name} again`);
    this.#pause = setTimeout(() => this.start(), pauseMs);
  }
}

/** One old log is kept beside the new one. */
function moveLargeLog(path: string): void {
  try {
    if (statSync(path).size > LARGEST_LOG_BYTES) renameSync(path, `${path}.old`);
  } catch {
    // There is none yet.
  }
}
