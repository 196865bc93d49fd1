/** One of the project's programs as a child process: its log in a file, its port read from that log, ended by its own pid only. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Program {
  /** For the log's name and for messages. */
  readonly name: string;
  /** Relative to the project's root. */
  readonly path: string;
  /** Of another checkout; default: this one's. */
  readonly root?: string;
  readonly args?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
}

const ROOT = resolve(import.meta.dirname, '../../..');
const START_DEADLINE_MS = 90_000;
const STOP_DEADLINE_MS = 15_000;

export class ServiceProcess {
  readonly name: string;
  readonly logFile: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;

  constructor(program: Program) {
    this.name = program.name;
    this.logFile = program.logFile;
    const log = openSync(program.logFile, 'a');
    const { root = ROOT } = program;
    // The open stdin tells the child that we are alive: whatever ends this process, the child follows.
    this.#child = spawn(process.execPath, [resolve(root, program.path), ...(program.args ?? [])], {
      cwd: root,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TIDEMARK_PARENT_WATCH: 'stdin', ...program.env },
      stdio: ['pipe', log, log],
    });
    closeSync(log);
    this.#ended = new Promise((done) => {
      this.#child.once('exit', (code) => done(code));
      this.#child.once('error', () => done(null));
    });
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get log(): string {
    return readFileSync(this.logFile, 'utf8');
  }

  /** Waits until the log has a match, and answers its first group. Throws with the log's end when the process ends before. */
  async logged(pattern: RegExp): Promise<string> {
    const deadlineMs = performance.now() + START_DEADLINE_MS;
    for (;;) {
      const found = pattern.exec(this.log);
      if (found !== null) return found[1] ?? found[0];
      if (!this.isRunning || performance.now() > deadlineMs) throw new Error(`${this.name} never logged ${pattern}: ${this.log.slice(-3_000)}`);
      await sleep(20);
    }
  }

  /** The exit code, null when a signal ended it. */
  ended(): Promise<number | null> {
    return this.#ended;
  }

  /** Stops it in its tracks (SIGSTOP), or lets it go on (SIGCONT). */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal);
  }

  /** Sends a signal and waits for the end; one that does not end in time is killed. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.isRunning) this.#child.kill(signal);
    const late = setTimeout(() => this.#child.kill('SIGKILL'), STOP_DEADLINE_MS);
    const code = await this.#ended;
    clearTimeout(late);
    return code;
  }
}
