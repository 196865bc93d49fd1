/** Memory that the fuzzing thread and its watchman have in common: which input is being run, so that it is known when the thread hangs or dies. */

const FIELDS = { stop: 0, begun: 1, running: 2, blocks: 3, length: 4, slowestMs: 5 } as const;
const HEADER_BYTES = 64;
export const MAX_INPUT_BYTES = 65_536;

export class Blackboard {
  readonly buffer: SharedArrayBuffer;
  readonly #fields: Int32Array;
  readonly #input: Uint8Array;

  constructor(buffer = new SharedArrayBuffer(HEADER_BYTES + MAX_INPUT_BYTES)) {
    this.buffer = buffer;
    this.#fields = new Int32Array(buffer, 0, HEADER_BYTES / 4);
    this.#input = new Uint8Array(buffer, HEADER_BYTES);
  }

  askToStop(): void {
    Atomics.store(this.#fields, FIELDS.stop, 1);
  }

  get isStopping(): boolean {
    return Atomics.load(this.#fields, FIELDS.stop) === 1;
  }

  begin(input: Uint8Array): void {
    const length = Math.min(input.length, MAX_INPUT_BYTES);
    this.#input.set(input.subarray(0, length));
    Atomics.store(this.#fields, FIELDS.length, length);
    Atomics.add(this.#fields, FIELDS.begun, 1);
    Atomics.store(this.#fields, FIELDS.running, 1);
  }

  end(tookMs: number): void {
    Atomics.store(this.#fields, FIELDS.running, 0);
    if (tookMs > this.slowestMs) Atomics.store(this.#fields, FIELDS.slowestMs, Math.round(tookMs));
  }

  set blocks(count: number) {
    Atomics.store(this.#fields, FIELDS.blocks, count);
  }

  get blocks(): number {
    return Atomics.load(this.#fields, FIELDS.blocks);
  }

  /** Inputs begun so far. */
  get begun(): number {
    return Atomics.load(this.#fields, FIELDS.begun);
  }

  get slowestMs(): number {
    return Atomics.load(this.#fields, FIELDS.slowestMs);
  }

  /** The input at hand, copied; null between inputs. */
  running(): Uint8Array | null {
    if (Atomics.load(this.#fields, FIELDS.running) === 0) return null;
    return this.#input.slice(0, Atomics.load(this.#fields, FIELDS.length));
  }
}
