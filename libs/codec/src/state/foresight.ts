/** Takes memory for what a base still brings once an eighth of its actors is read: to grow a quarter at a time would copy everything five times over. */
import type { PartitionState } from '@tidemark/core';
import { type OpenedSegment, SECTION } from './segment.ts';

/** Below it growing costs little. */
const FEWEST_ACTORS = 4_096;
const LOOK_AT = 1 / 8;
/** Of the least actor: a key and an end. */
const ACTOR_BYTES = 17;
/** What is to come is never quite like what came. */
const ROOM = 1.02;

export class Foresight {
  readonly #state: PartitionState;
  readonly #actors: number;
  #before: readonly number[] = [];
  #read = 0;

  constructor(state: PartitionState, opened: readonly OpenedSegment[]) {
    this.#state = state;
    this.#actors = opened.reduce((sum, { header, body }) => (header.kind === 'base' ? sum + actorsAhead(body) : sum), 0);
  }

  /** To be called before each actor of the base. */
  look(): void {
    if (this.#actors < FEWEST_ACTORS) return;
    if (this.#read === 0) this.#before = this.#sizes();
    if (this.#read++ !== Math.floor(this.#actors * LOOK_AT)) return;
    const { actors } = this.#state;
    const [was = 0, ...wereRows] = this.#before;
    const foreseen = (size: number, before: number): number => Math.ceil((size + ((size - before) * (1 - LOOK_AT)) / LOOK_AT) * ROOM);
    const slots = foreseen(actors.size, was);
    actors.reserve(slots);
    for (const [index, { store }] of this.#stores().entries()) store.reserve(slots, foreseen(store.size, wereRows[index] ?? 0));
  }

  #stores() {
    const { bucketSets, firsts, timelines } = this.#state;
    return [...bucketSets, ...firsts, ...timelines];
  }

  #sizes(): readonly number[] {
    return [this.#state.actors.size, ...this.#stores().map(({ store }) => store.size)];
  }
}

/** Of a body that begins with its actors, without reading on. */
function actorsAhead(body: OpenedSegment['body']): number {
  const { at } = body;
  const count = body.left > 4 && body.byte() === SECTION.actors ? Math.min(body.word(), body.left / ACTOR_BYTES) : 0;
  body.at = at;
  return count;
}
