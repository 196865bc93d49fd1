/** Runs keeper.sh, which ends the engines when this process dies by any means; a keeper that is killed itself is replaced. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { identityOf, waitForEnd } from './processes.ts';

/** Owns the keeper process. */
export class Keeper {
  readonly #pids = new Set<number>();
  #child: ChildProcess;
  #closed = false;

  constructor() {
    this.#child = this.#spawn();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  watch(pid: number): void {
    this.#pids.add(pid);
    this.#child.stdin?.write(`watch ${pid}\n`);
  }

  forget(pid: number): void {
    this.#pids.delete(pid);
    this.#child.stdin?.write(`forget ${pid}\n`);
  }

  /** Ends the keeper; whatever it still watches it stops first. */
  async close(): Promise<void> {
    this.#closed = true;
    const identity = this.#child.pid === undefined ? undefined : identityOf(this.#child.pid);
    this.#child.stdin?.end();
    if (identity !== undefined) await waitForEnd(identity, 5_000);
  }

  #spawn(): ChildProcess {
    // detached: its own session, so that neither Ctrl-C nor a closing terminal reaches it before our own stop.
    const child = spawn('/bin/sh', [join(import.meta.dirname, 'keeper.sh')], { stdio: ['pipe', 'ignore', 'ignore'], detached: true, cwd: '/' });
    child.stdin?.on('error', () => undefined);
    child.on('error', () => undefined);
    child.once('exit', () => {
      if (!this.#closed) this.#child = this.#spawn();
    });
    for (const pid of this.#pids) child.stdin?.write(`watch ${pid}\n`);
    return child;
  }
}
