/** All that the state remembers of one actor, in plain words: equal states give equal words, whatever way they were come by. */
import { type BucketSets, type Firsts, type HeldState, NO_BUCKET, type PartitionState, type Timelines } from '@tidemark/core';

/** By register; a register that remembers nothing of the actor is absent. */
export type ActorRegisters = ReadonlyMap<string, string>;

export type ActorWords = readonly [number, number, number, number];

/** Empty for an actor whom no metric has seen. */
export function actorRegisters(state: PartitionState, actor: ActorWords): ActorRegisters {
  const slot = state.actors.find(...actor);
  const words = new Map<string, string>();
  if (slot < 0) return words;
  const add = (key: string, text: string): void => {
    if (text !== '') words.set(key, text);
  };
  for (const { key, store } of state.bucketSets) add(key, bucketWords(store, slot));
  for (const { key, store } of state.firsts) add(key, firstWords(store, slot));
  for (const { key, store } of state.timelines) add(key, timelineWords(store, slot));
  if (state.held !== null) add('ledger', ledgerWords(state.held, slot));
  if (state.cappedActors.has(slot)) add('capped', 'yes');
  return words;
}

/** Labels in order; of each the last bucket before the window, and the buckets in it. */
function bucketWords(store: BucketSets, slot: number): string {
  const rows: { label: number; text: string }[] = [];
  for (let row = store.first(slot); row >= 0; row = store.following(row)) {
    const top = store.top(row);
    if (top === NO_BUCKET) continue;
    const window = Array.from({ length: store.words }, (_, index) => (store.word(row, top - index) >>> 0).toString(16));
    rows.push({ label: store.label(row), text: `${store.label(row)}: top ${top} before ${store.before(row)} ${window.join(' ')}` });
  }
  return rows
    .sort((a, b) => a.label - b.label)
    .map(({ text }) => text)
    .join('; ');
}

function firstWords(store: Firsts, slot: number): string {
  const row = store.find(slot);
  if (row < 0) return '';
  const captured = store.captured.subarray(row * store.captures, (row + 1) * store.captures);
  return `at ${store.times[row]} id ${store.ids[row * 2]} ${store.ids[row * 2 + 1]} captured ${captured.join(' ')}`;
}

function timelineWords(store: Timelines, slot: number): string {
  const row = store.find(slot);
  if (row < 0) return '';
  const start = store.start(row);
  return Array.from({ length: store.length(row) }, (_, index) => {
    const position = start + index;
    const captured = Array.from({ length: store.captures }, (_capture, capture) => store.captured(position, capture));
    return `${store.times[position]} ${store.idHigh(position)} ${store.idLow(position)} ${store.mask(position)} ${captured.join(' ')}`;
  }).join('; ');
}

/** What can still move, by its place: the order of entries is nobody's business. */
function ledgerWords(held: HeldState, slot: number): string {
  const { ledger } = held;
  const entries: string[] = [];
  for (let entry = ledger.first(slot); entry >= 0; entry = ledger.following(entry)) {
    if (!held.isLive(entry)) continue;
    const { metric, name } = held.tableOf(entry).shape;
    entries.push(`${metric}/${name} ${ledger.buckets[entry]} ${ledger.labels[entry]} ${ledger.columns[entry]} ${ledger.amounts[entry]}`);
  }
  return entries.sort().join('; ');
}

export interface RegisterDifference {
  readonly register: string;
  readonly live: string;
  readonly recomputed: string;
}

export function registerDifferences(live: ActorRegisters, recomputed: ActorRegisters): readonly RegisterDifference[] {
  return [...new Set([...live.keys(), ...recomputed.keys()])].flatMap((register) => {
    const [is, was] = [live.get(register) ?? '', recomputed.get(register) ?? ''];
    return is === was ? [] : [{ register, live: is, recomputed: was }];
  });
}
