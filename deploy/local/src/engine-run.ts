/** The life of one engine process: start until it answers, notice its end, signal it, stop it within a bounded time. */
import { type ChildProcess, spawn } from 'node:child_process';
import { open, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine, EngineCommand, EngineName } from './engine.ts';
import type { Folders } from './folders.ts';
import type { Keeper } from './keeper.ts';
import { forgetEngine, rememberEngine } from './leftovers.ts';
import { choosePorts, isPortFree, type Ports } from './ports.ts';
import { endProcess, identityOf, type ProcessIdentity, signalGroup, waitForEnd } from './processes.ts';

const readyTimeoutMs = 90_000;
const stopGraceMs = 10_000;
const maxLogBytes = 16 * 1024 * 1024;

export interface EngineRunOptions {
  readonly engine: Engine;
  /** Shared by all runs; a run whose port is taken in the last moment writes another one into it. */
  readonly ports: Ports;
  readonly folders: Folders;
  readonly keeper: Keeper;
  readonly onProgress: (line: string) => void;
  readonly onExit?: ((engine: EngineName, detail: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Owns one engine's process. */
export class EngineRun {
  readonly #options: EngineRunOptions;
  #identity: ProcessIdentity | undefined;
  #wasReady = false;
  #endAwaited = false;
  #starting: Promise<void> | undefined;
  #stopped = false;

  constructor(options: EngineRunOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#identity?.pid;
  }

  /** Resolves when the engine answers a real request. Rejects with a sentence that holds the log's last line. */
  start(): Promise<void> {
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #start(): Promise<void> {
    if (this.#identity !== undefined) return;
    const { engine, ports, onProgress } = this.#options;
    const startedAt = performance.now();
    onProgress(`${engine.name}: starting`);
    for (let attempt = 0; attempt < 3; attempt++) {
      const command = await engine.prepare(ports, onProgress);
      if ((await this.#startOnce(command)) === 'ready') {
        onProgress(`${engine.name}: ready on ${engine.address(ports)} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
        return;
      }
      // Once it was ready its port is known to clients and must not change any more.
      if (this.#wasReady || !(await this.#movePorts())) break;
    }
    throw new Error(`${engine.name} did not start: ${await this.#lastLogLine()}; its log is ${this.#logPath()}.`);
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    const identity = this.#identity;
    if (identity === undefined) return;
    const ends = signal !== 'SIGSTOP' && signal !== 'SIGCONT';
    if (ends) this.#endAwaited = true;
    signalGroup(identity.pid, signal);
    if (!ends) return;
    if (!(await waitForEnd(identity, stopGraceMs))) await endProcess(identity, 0);
    await this.#forget(identity);
  }

  /** For good: a start under way ends with it, and there is no other one. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#end();
    await this.#starting?.catch(() => undefined);
    await this.#end();
  }

  async #end(): Promise<void> {
    const identity = this.#identity;
    if (identity === undefined) return;
    this.#endAwaited = true;
    const outcome = await endProcess(identity, stopGraceMs);
    if (outcome === 'killed') this.#options.onProgress(`${this.#options.engine.name}: did not stop within ${stopGraceMs / 1000} s and was killed`);
    await this.#forget(identity);
  }

  async #startOnce(command: EngineCommand): Promise<'ready' | 'ended'> {
    const child = await this.#spawn(command);
    const identity = this.#identity;
    if (identity === undefined) return 'ended';
    const deadline = performance.now() + readyTimeoutMs;
    while (performance.now() < deadline) {
      if (this.#options.signal?.aborted === true) {
        await this.#end();
        this.#options.signal.throwIfAborted();
      }
      if (child.exitCode !== null || child.signalCode !== null) break;
      if (await this.#options.engine.isReady(this.#options.ports, identity.pid)) {
        this.#wasReady = true;
        return 'ready';
      }
      await sleep(50);
    }
    await this.#end();
    return 'ended';
  }

  async #spawn(command: EngineCommand): Promise<ChildProcess> {
    const { engine, folders, keeper } = this.#options;
    await rotateLog(this.#logPath());
    const log = await open(this.#logPath(), 'a');
    try {
      if (this.#stopped) throw new Error(`${engine.name} is stopped.`);
      // detached: its own process group, so that the terminal's Ctrl-C does not reach it and the order of stopping is ours.
      const child = spawn(command.file, command.args, {
        cwd: command.cwd,
        env: command.environment,
        stdio: ['ignore', log.fd, log.fd],
        detached: true,
      });
      if (child.pid !== undefined) keeper.watch(child.pid);
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve);
        child.once('error', (error) => reject(new Error(`${engine.name} cannot be run: ${error.message}.`)));
      });
      const identity = child.pid === undefined ? undefined : identityOf(child.pid);
      this.#identity = identity;
      this.#endAwaited = false;
      if (identity !== undefined) {
        child.once('exit', (code, signal) => void this.#ended(identity, signal ?? `exit code ${code}`));
        await rememberEngine(folders.run, engine.name, identity);
      }
      return child;
    } finally {
      await log.close();
    }
  }

  async #ended(identity: ProcessIdentity, how: string): Promise<void> {
    if (this.#endAwaited || this.#identity !== identity) return;
    const { engine, onProgress, onExit } = this.#options;
    await this.#forget(identity);
    if (!this.#wasReady) return;
    const detail = `${engine.name} ended unexpectedly (${how}): ${await this.#lastLogLine()}; its log is ${this.#logPath()}.`;
    onProgress(detail);
    onExit?.(engine.name, detail);
  }

  async #forget(identity: ProcessIdentity): Promise<void> {
    if (this.#identity !== identity) return;
    this.#identity = undefined;
    this.#options.keeper.forget(identity.pid);
    await forgetEngine(this.#options.folders.run, this.#options.engine.name);
  }

  /** True when one of the ports had been taken by somebody else, and another one is chosen. */
  async #movePorts(): Promise<boolean> {
    const { engine, ports, onProgress } = this.#options;
    const { ports: chosen, moved } = await choosePorts(engine.portRoles, ports, isPortFree);
    Object.assign(ports, chosen);
    for (const { role, from, to } of moved) onProgress(`${role}: port ${from} was taken meanwhile, using ${to}`);
    return moved.length > 0;
  }

  #logPath(): string {
    return join(this.#options.folders.logs, `${this.#options.engine.name}.log`);
  }

  async #lastLogLine(): Promise<string> {
    const text = await readFile(this.#logPath(), 'utf8').catch(() => '');
    const lines = text
      .slice(-20_000)
      .split('\n')
      .filter((line) => line.trim() !== '');
    const telling = lines.findLast((line) => /error|fatal|exception|cannot|denied|failed/i.test(line) && !/^\s+at /.test(line));
    return (telling ?? lines.at(-1) ?? 'it logged nothing').trim().slice(0, 300);
  }
}

async function rotateLog(path: string): Promise<void> {
  const bytes = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (bytes > maxLogBytes) await rename(path, `${path}.1`);
}
