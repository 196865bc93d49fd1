/** The fuzzing thread: runs the target on changed inputs and keeps those that reach blocks never reached before. */
import { setImmediate } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { Blackboard, MAX_INPUT_BYTES } from './blackboard.ts';
import { BlockCoverage } from './block-coverage.ts';
import { type Assignment, isAssignment, type Report } from './messages.ts';
import { createDraw, type Mutation, mutate } from './mutate.ts';
import { signatureOf } from './signature.ts';
import { type FuzzTarget, loadTarget } from './target.ts';

/** Reading the counters takes some milliseconds: so much work is done between two readings. */
const ROUND_MS = 60;
const GENERATE_EVERY = 8;

class FuzzThread {
  readonly #target: FuzzTarget;
  readonly #board: Blackboard;
  readonly #coverage: BlockCoverage;
  readonly #corpus: Uint8Array[] = [];

  constructor(target: FuzzTarget, board: Blackboard, coverage: BlockCoverage) {
    this.#target = target;
    this.#board = board;
    this.#coverage = coverage;
  }

  /** True when the input broke nothing. */
  async run(input: Uint8Array): Promise<boolean> {
    const startMs = performance.now();
    this.#board.begin(input);
    try {
      // A thread that awaits nothing is faster, and most targets have nothing to await.
      const pending = this.#target.run(input);
      if (pending !== undefined) await pending;
      return true;
    } catch (error) {
      const text = error instanceof Error ? `${error.stack}` : String(error);
      tell({ kind: 'failed', input, signature: signatureOf(error), text: text.slice(0, 4_000) });
      return false;
    } finally {
      this.#board.end(performance.now() - startMs);
    }
  }

  /** Runs each and keeps what reaches new blocks; the smallest first, so that what is kept is small. */
  async keep(inputs: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
    const kept: Uint8Array[] = [];
    this.#coverage.take(false);
    for (const input of inputs.toSorted((left, right) => left.length - right.length)) {
      if (this.#board.isStopping) break;
      await this.run(input);
      if (this.#coverage.take() > 0) kept.push(input);
    }
    this.#corpus.push(...kept);
    this.#board.blocks = this.#coverage.size;
    return kept;
  }

  async fuzz(seed: number): Promise<void> {
    const draw = createDraw(seed);
    const dictionary = this.#target.dictionary.map((word) => Buffer.from(word));
    const mutation: Mutation = { draw, dictionary, corpus: this.#corpus, maxBytes: MAX_INPUT_BYTES };
    for (let round = 0; !this.#board.isStopping; round += 1) {
      const inputs: Uint8Array[] = [];
      this.#coverage.take(false);
      for (const startMs = performance.now(); performance.now() - startMs < ROUND_MS && !this.#board.isStopping; ) {
        const fresh = round % GENERATE_EVERY === 0 && inputs.length === 0 ? (this.#target.generate?.(draw(2 ** 31)) ?? []) : [];
        for (const input of fresh.length > 0 ? fresh : [mutate(this.#pick(draw), mutation)]) {
          inputs.push(input);
          await this.run(input);
        }
      }
      if (this.#coverage.take(false) > 0) for (const input of await this.keep(inputs)) tell({ kind: 'kept', input });
      await setImmediate();
    }
  }

  /** Half of the time one of the newest: what was just reached is where the unknown begins. */
  #pick(draw: (below: number) => number): Uint8Array {
    const { length } = this.#corpus;
    const at = draw(2) === 0 ? length - 1 - draw(Math.ceil(length / 8)) : draw(length);
    return this.#corpus[at] ?? new Uint8Array(0);
  }
}

function tell(report: Report): void {
  parentPort?.postMessage(report);
}

async function work(assignment: Assignment): Promise<void> {
  const coverage = new BlockCoverage();
  const board = new Blackboard(assignment.blackboard);
  const target = await loadTarget(assignment.file);
  const thread = new FuzzThread(target, board, coverage);
  tell({ kind: 'ready' });
  if (assignment.task === 'try') {
    parentPort?.on('message', (input: Uint8Array) => {
      void thread.run(input).then((passed) => {
        if (passed) tell({ kind: 'passed' });
      });
    });
    return;
  }
  const kept = await thread.keep([...target.seeds(), ...assignment.corpus]);
  if (assignment.task === 'distil') for (const input of kept) tell({ kind: 'kept', input });
  else await thread.fuzz(assignment.seed);
}

if (isAssignment(workerData)) await work(workerData);
