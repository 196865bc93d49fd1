// Bytes of a folded state by kind of register: in memory as taken, and packed in a checkpoint as the difference that leaving a kind out makes.
import { packBasePiece } from '@tidemark/codec';
import { createCalendars, DEFAULT_SETTINGS, type MetricSet, PartitionFold, type PartitionState, Vocabulary } from '@tidemark/core';

export interface KindBytes {
  readonly kind: string;
  /** Rows, elements of timelines, ids, values or integers: what `unit` says. */
  readonly count: number;
  readonly unit: string;
  readonly memoryBytes: number;
  /** 0 for what no checkpoint holds. */
  readonly packedBytes: number;
}

interface Kind {
  readonly kind: string;
  readonly unit: string;
  count(state: PartitionState): number;
  memoryBytes(fold: PartitionFold): number;
  /** What the difference is taken between; null for what is not packed. */
  readonly packing: ((state: PartitionState, empty: PartitionState) => { with?: Partial<PartitionState>; without: Partial<PartitionState> }) | null;
}

/** Sums over partitions. */
export function measureKinds(folds: readonly PartitionFold[]): KindBytes[] {
  return kinds.map((kind) => ({
    kind: kind.kind,
    unit: kind.unit,
    count: sum(folds, ({ state }) => kind.count(state)),
    memoryBytes: sum(folds, (fold) => kind.memoryBytes(fold)),
    packedBytes: sum(folds, (fold) => packedBytesOf(kind, fold)),
  }));
}

export function actorsOf(folds: readonly PartitionFold[]): number {
  return sum(folds, ({ state }) => state.actors.size);
}

/** Of one bucket set register, the index of rows by actor apart. */
export function measureDays(folds: readonly PartitionFold[]): { rows: number; windowWords: number; memoryBytes: number; packedBytes: number } {
  const [first] = folds;
  if (first === undefined || first.state.bucketSets.length !== 1) throw new Error('the set is to have one register');
  return {
    rows: sum(folds, ({ state }) => sum(state.bucketSets, ({ store }) => store.size)),
    windowWords: first.state.bucketSets[0]?.store.words ?? 0,
    memoryBytes: sum(folds, ({ state }) => sum(state.bucketSets, ({ store }) => store.bytes - store.heads.byteLength)),
    packedBytes: sum(folds, ({ state }) => packed(state) - packed({ ...state, bucketSets: [] })),
  };
}

const kinds: readonly Kind[] = [
  {
    kind: 'actors: keys and their index',
    unit: 'actors',
    count: ({ actors }) => actors.size,
    memoryBytes: ({ state }) => state.actors.bytes + state.touched.bytes,
    packing: (_, { actors, bucketSets, firsts, timelines }) => ({ with: { bucketSets, firsts, timelines }, without: { actors } }),
  },
  {
    kind: 'bucket sets',
    unit: 'rows',
    count: ({ bucketSets }) => sum(bucketSets, ({ store }) => store.size),
    memoryBytes: ({ state }) => sum(state.bucketSets, ({ store }) => store.bytes - store.heads.byteLength),
    packing: () => ({ without: { bucketSets: [] } }),
  },
  {
    kind: 'bucket sets: first row by actor',
    unit: 'registers',
    count: ({ bucketSets }) => bucketSets.length,
    memoryBytes: ({ state }) => sum(state.bucketSets, ({ store }) => store.heads.byteLength),
    packing: null,
  },
  {
    kind: 'firsts',
    unit: 'rows',
    count: ({ firsts }) => sum(firsts, ({ store }) => store.size),
    memoryBytes: ({ state }) => sum(state.firsts, ({ store }) => store.bytes),
    packing: () => ({ without: { firsts: [] } }),
  },
  {
    kind: 'timelines',
    unit: 'elements',
    count: ({ timelines }) => sum(timelines, ({ store }) => store.elements),
    memoryBytes: ({ state }) => sum(state.timelines, ({ store }) => store.bytes),
    packing: () => ({ without: { timelines: [] } }),
  },
  {
    kind: 'selector memory (no state)',
    unit: 'actors',
    count: ({ actors }) => actors.size,
    memoryBytes: (fold) => fold.memoryBytes,
    packing: null,
  },
  {
    kind: 'duplicate filter',
    unit: 'ids',
    count: ({ duplicates }) => duplicates.added - duplicates.oldest,
    memoryBytes: ({ state }) => state.duplicates.bytes,
    packing: (_, { duplicates }) => ({ without: { duplicates } }),
  },
  {
    kind: 'dictionaries',
    unit: 'values',
    count: ({ dictionaries }) => sum(dictionaries, ({ texts }) => texts.length),
    // A string, its place in the list and its entry in the map, about.
    memoryBytes: ({ state }) => sum(state.dictionaries, ({ texts }) => sum(texts, (text) => text.length + 72)),
    packing: () => ({ without: { dictionaries: [] } }),
  },
  {
    kind: 'cells',
    unit: 'integers',
    count: ({ changes }) => changes.cellCount,
    memoryBytes: ({ state }) => state.changes.bytes + sum([...state.tables.values()], (table) => table.bytes),
    packing: (_, { changes, tables }) => ({ without: { changes, tables } }),
  },
];

function packedBytesOf({ packing }: Kind, { set, state }: PartitionFold): number {
  if (packing === null) return 0;
  const { with: also = {}, without } = packing(state, emptyOf(set));
  return packed({ ...state, ...also }) - packed({ ...state, ...also, ...without });
}

/** A state in which nothing is bound and nothing happened. */
function emptyOf(set: MetricSet): PartitionState {
  return new PartitionFold({
    set: { ...set, metrics: [] },
    settings: DEFAULT_SETTINGS,
    vocabulary: new Vocabulary(),
    calendars: createCalendars(),
  }).state;
}

function packed(state: PartitionState): number {
  return packBasePiece(state, 0, 1).length;
}

function sum<T>(items: Iterable<T>, of: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += of(item);
  return total;
}
