/** The first matching event of each actor: its instant and what was captured of it. Moves only to an earlier event. */
import { grownFloat64, grownInt32, grownUint8, grownUint32 } from './typed-arrays.ts';

/** Rows of one register, one per actor that ever matched. Ties at one instant go to the smaller messageId hash. */
export class Firsts {
  /** Captured integers per row: slice value numbers, flags. */
  readonly captures: number;
  size = 0;
  /** Row of an actor by slot, -1 without one. */
  heads = new Int32Array(0);
  times = new Float64Array(64);
  /** Two unsigned words per row: the messageId's hash. */
  ids = new Uint32Array(128);
  captured: Int32Array<ArrayBuffer>;
  /** By row: 1 once it has changed. */
  #changed = new Uint8Array(64);

  constructor(options: { captures: number }) {
    this.captures = options.captures;
    this.captured = new Int32Array(64 * options.captures);
  }

  /** Memory taken, `heads` included. */
  get bytes(): number {
    return this.heads.byteLength + this.times.byteLength + this.ids.byteLength + this.captured.byteLength + this.#changed.byteLength;
  }

  find(slot: number): number {
    return slot < this.heads.length ? (this.heads[slot] as number) : -1;
  }

  /** Whether the event would become the first of its actor. */
  precedes(row: number, timeMs: number, idHigh: number, idLow: number): boolean {
    const time = this.times[row] as number;
    if (timeMs !== time) return timeMs < time;
    const high = this.ids[row * 2] as number;
    return idHigh !== high ? idHigh < high : idLow < (this.ids[row * 2 + 1] as number);
  }

  ensure(slot: number): number {
    const found = this.find(slot);
    if (found >= 0) return found;
    this.heads = grownInt32(this.heads, slot + 1, -1);
    const row = this.size++;
    this.times = grownFloat64(this.times, this.size);
    this.ids = grownUint32(this.ids, this.size * 2);
    this.captured = grownInt32(this.captured, this.size * this.captures, 0);
    this.#changed = grownUint8(this.#changed, this.size);
    this.heads[slot] = row;
    return row;
  }

  /** Takes memory for so many actors and rows at once. */
  reserve(slots: number, rows: number): void {
    this.heads = grownInt32(this.heads, slots, -1);
    this.times = grownFloat64(this.times, rows);
    this.ids = grownUint32(this.ids, rows * 2);
    this.captured = grownInt32(this.captured, rows * this.captures, 0);
    this.#changed = grownUint8(this.#changed, rows);
  }

  /** What is captured is written by the caller. */
  set(row: number, timeMs: number, idHigh: number, idLow: number): void {
    this.#changed[row] = 1;
    this.times[row] = timeMs;
    this.ids[row * 2] = idHigh;
    this.ids[row * 2 + 1] = idLow;
  }

  /** Whether the actor has a first event, or another one, since this was last asked. */
  takeChanged(slot: number): boolean {
    const row = this.find(slot);
    if (row < 0 || this.#changed[row] === 0) return false;
    this.#changed[row] = 0;
    return true;
  }

  /** As if every actor had been asked for. */
  settle(): void {
    this.#changed.fill(0);
  }
}
