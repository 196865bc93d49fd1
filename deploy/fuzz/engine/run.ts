/** Fuzzes one target for some CPU minutes: restarts the thread when an input kills it, and leaves findings small and the corpus larger. */
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { keepFinding, keepInput, readCorpus, root } from './folders.ts';
import type { Report } from './messages.ts';
import { minimise, Trial } from './minimise.ts';
import { addedUp, readResult, type TargetResult, writeResult } from './results.ts';
import { cpuMs, type Ending, startThread } from './started-thread.ts';

export interface RunOptions {
  readonly target: string;
  /** From the root. */
  readonly file: string;
  readonly cpuMinutes: number;
  readonly seed: number;
  /** Where corpus, findings and results go. */
  readonly folder: string;
  readonly log: (line: string) => void;
}

interface Finding {
  readonly name: string;
  readonly text: string;
  readonly input: Uint8Array;
}

const SAVE_EVERY_MS = 20_000;
/** A thread that an input has killed often is not started again. */
const MAX_RESTARTS = 20;
const TRIES = { hang: 8, memory: 8, other: 400 };

/** Answers what this run alone has shown. */
export async function runTarget(options: RunOptions): Promise<TargetResult> {
  const run = new TargetRun(options);
  return run.toEnd();
}

class TargetRun {
  readonly #options: RunOptions;
  readonly #startCpuMs = cpuMs();
  readonly #before: TargetResult;
  readonly #corpus: Uint8Array[];
  readonly #findings = new Map<string, Finding>();
  readonly #files: Record<string, string> = {};
  #executions = 0;
  #blocks = 0;
  #slowestMs = 0;
  #restarts = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#before = readResult(options.folder, options.target);
    this.#corpus = [...readCorpus(options.folder, options.target)];
  }

  async toEnd(): Promise<TargetResult> {
    while (this.#leftMs() > 0 && this.#restarts <= MAX_RESTARTS) {
      const ending = await this.#oneThread();
      if (ending.why === 'done') break;
      this.#restarts += 1;
      if (ending.input === null) throw new Error(`the fuzzing thread died between inputs: ${ending.text}`);
      this.#found({ name: ending.why, text: ending.text, input: ending.input });
    }
    await this.#settle();
    const result = this.#result();
    this.#save();
    return result;
  }

  /** Until the time is over or the thread has died. */
  async #oneThread(): Promise<Ending> {
    const { file, seed, log, target } = this.#options;
    const assignment = { file: resolve(root, file), task: 'fuzz' as const, seed: seed + this.#restarts, corpus: [...this.#corpus] };
    const thread = startThread(assignment, (report) => this.#heard(report));
    const before = { executions: this.#executions, slowestMs: this.#slowestMs };
    let ending: Ending | null = null;
    void thread.ended.then((end) => {
      ending = end;
    });
    for (let savedMs = performance.now(); ending === null; ) {
      await Promise.race([setTimeout(100), thread.ended]);
      this.#executions = before.executions + thread.board.begun;
      this.#blocks = Math.max(this.#blocks, thread.board.blocks);
      this.#slowestMs = Math.max(before.slowestMs, thread.board.slowestMs);
      if (this.#leftMs() <= 0) {
        await thread.stop();
        return { why: 'done' };
      }
      if (performance.now() - savedMs < SAVE_EVERY_MS) continue;
      savedMs = performance.now();
      this.#save();
      log(`${target}: ${this.#executions} executions, ${this.#blocks} blocks, ${this.#corpus.length} inputs, ${this.#findings.size} findings`);
    }
    return thread.ended;
  }

  #heard(report: Report): void {
    if (report.kind === 'kept') {
      this.#corpus.push(report.input);
      keepInput(this.#options.folder, this.#options.target, report.input);
    }
    if (report.kind === 'failed') this.#found({ name: report.signature, text: report.text, input: report.input });
  }

  /** The first input of a finding is written at once; it is made smaller when the time is over. */
  #found(finding: Finding): void {
    const { folder, target, log } = this.#options;
    const known = this.#findings.get(finding.name);
    if (known !== undefined && known.input.length <= finding.input.length) return;
    this.#findings.set(finding.name, finding);
    this.#files[finding.name] = keepFinding(folder, target, finding);
    if (known === undefined) log(`${target}: FOUND ${finding.name}\n${finding.text.slice(0, 600)}`);
  }

  /** A hang or growth that one input alone does not show again is no finding; whatever is left is made small. */
  async #settle(): Promise<void> {
    const { folder, target, log, file } = this.#options;
    const trial = new Trial(resolve(root, file));
    for (const [name, finding] of this.#findings) {
      const again = await trial.try(finding.input);
      if (again.signature !== name) {
        log(`${target}: alone, the input of ${name} shows ${again.signature ?? 'nothing'}`);
        if (name !== 'hang') continue;
        this.#findings.delete(name);
        delete this.#files[name];
        continue;
      }
      const input = await minimise(finding.input, name, trial, name === 'hang' || name === 'memory' ? TRIES[name] : TRIES.other);
      this.#files[name] = keepFinding(folder, target, { ...finding, input });
      log(`${target}: ${name} with ${input.length} bytes, ${this.#files[name]}`);
    }
    await trial.close();
  }

  #leftMs(): number {
    return this.#options.cpuMinutes * 60_000 - (cpuMs() - this.#startCpuMs);
  }

  #result(): TargetResult {
    const cpuMinutes = Math.round((cpuMs() - this.#startCpuMs) / 600) / 100;
    return { cpuMinutes, executions: this.#executions, blocks: this.#blocks, slowestMs: this.#slowestMs, findings: { ...this.#files } };
  }

  #save(): void {
    const { folder, target } = this.#options;
    writeResult(folder, target, addedUp(this.#before, this.#result()));
  }
}
