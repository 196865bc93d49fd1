/** Folds the events of one partition into registers and cells: binds a set's metrics, and for each event runs only what its name can change. */
import { type Dimension, isHeldSlice, type MetricBase, type MetricSet, type Selector, type Unit } from '../definition.ts';
import type { EventView, Vocabulary } from '../event.ts';
import type { BucketAdded, CalendarSource, FoldBinder, TimelineInsertion } from '../metrics/kind.ts';
import { kindOf } from '../metrics/registry.ts';
import type { FoldSettings } from '../settings.ts';
import { BucketSets } from '../state/bucket-sets.ts';
import { CellTable, type TableShape } from '../state/cells.ts';
import type { SliceDictionary } from '../state/dictionary.ts';
import { Firsts } from '../state/firsts.ts';
import { Timelines } from '../state/timelines.ts';
import type { Calendar } from '../time/calendar.ts';
import { HeldValues } from './held-values.ts';
import { compileClauses, type EventTest, SelectorTable, type SelectorTests, selectorKey } from './matching.ts';
import type { Outcome } from './outcome.ts';
import { PartitionState } from './partition-state.ts';
import { SelectorBuckets } from './selector-buckets.ts';
import { TupleLabels, tuplesOf } from './tuples.ts';

/** Runs when its selector matched; `namesOnly` when the name alone fits. */
interface Trigger {
  /** Selectors that set it off; several for a timeline. */
  readonly selectors: readonly number[];
  readonly namesOnly: boolean;
  run(event: EventView): void;
}

interface Plan {
  readonly selectors: readonly SelectorTests[];
  readonly triggers: readonly Trigger[];
}

const NO_PLAN: Plan = { selectors: [], triggers: [] };

/** One partition of one lineage: state, and the only code that changes it. */
export class PartitionFold {
  readonly set: MetricSet;
  readonly state: PartitionState;
  readonly #settings: FoldSettings;
  readonly #vocabulary: Vocabulary;
  readonly #calendars: CalendarSource;
  readonly #selectors: SelectorTable;
  readonly #filter: EventTest;
  readonly #triggers: Trigger[] = [];
  /** By nameId * 2 + isAction. */
  #plans: (Plan | undefined)[] = [];
  /** By selector number: whether the event at hand matched; all zero between events. */
  #matched = new Uint8Array(0);
  /** Those of the set, then its tuples. */
  readonly #dimensions: readonly Dimension[];
  readonly #dimensionPaths: readonly number[];
  /** The dimensions from `#dimensionPaths.length` on. */
  readonly #tuples: readonly TupleLabels[];
  /** Slice labels of the event at hand, by dimension; −1 = not looked up yet. */
  readonly #labels: Int32Array;
  readonly #held: HeldValues | null;
  #event: EventView | null = null;
  #slot = -1;

  /** All partitions of a process share the vocabulary and calendars. Complete the vocabulary (make every fold) before decoding. */
  constructor(options: { set: MetricSet; settings: FoldSettings; vocabulary: Vocabulary; calendars: CalendarSource }) {
    this.set = options.set;
    this.#settings = options.settings;
    this.#vocabulary = options.vocabulary;
    this.#calendars = options.calendars;
    this.#selectors = new SelectorTable(options.vocabulary);
    this.#filter = compileClauses(options.set.filter, options.vocabulary);
    const tuples = tuplesOf(options.set);
    this.#dimensions = [...options.set.dimensions, ...tuples.map(({ dimension }) => dimension)];
    this.state = new PartitionState(this.#dimensions, options.settings);
    const { dictionaries } = this.state;
    this.#dimensionPaths = options.set.dimensions.map((dimension) => options.vocabulary.path(dimension.path));
    this.#tuples = tuples.map(({ members }, index) => {
      const own = dictionaries[this.#dimensionPaths.length + index] as SliceDictionary;
      return new TupleLabels(members, own, dictionaries);
    });
    this.#labels = new Int32Array(this.#dimensions.length).fill(-1);
    this.#held = HeldValues.of({
      set: options.set,
      state: this.state,
      latenessMs: options.settings.latenessMs,
      path: (path) => options.vocabulary.path(path),
      dimension: (name) => this.#numberOf(name),
      tuple: (dimension) => this.#tupleAt(dimension),
      actor: () => this.#touch(this.#event as EventView),
    });
    const binder = this.#binder();
    // By id, so that definitions in another order give the same registers.
    const metrics = [...options.set.metrics].sort((a, b) => (a.id < b.id ? -1 : 1));
    for (const metric of metrics) kindOf(metric).bind(metric, binder);
    this.#matched = new Uint8Array(this.#selectors.size);
    this.#makePlans();
  }

  /** Memory taken by what is remembered beside the state: what each actor's latest match of each selector showed. */
  get memoryBytes(): number {
    let bytes = 0;
    for (const buckets of this.#bucketsBySelector.values()) bytes += buckets.bytes;
    return bytes;
  }

  /** An accepted event that belongs to this partition. `recordMs` is its record's LogAppendTime. Counts its outcome and answers it. */
  apply(event: EventView, offset: number, recordMs: number): Outcome {
    const outcome = this.#admit(event, recordMs);
    this.#advance(offset, outcome);
    if (outcome !== 'applied') return outcome;
    const { state } = this;
    // As signed words, which need no object when the call is a real one.
    state.duplicates.add(event.messageHigh | 0, event.messageLow | 0);
    if (event.timeMs > state.clockMs) state.clockMs = event.timeMs;
    // A name that only another set of the process knows is here like a name that nobody knows: `*` may match it.
    const isAction = event.isAction ? 1 : 0;
    const plan = this.#plans[event.nameId * 2 + isAction] ?? this.#plans[isAction] ?? NO_PLAN;
    if ((plan.triggers.length > 0 || this.#held !== null) && this.#filter(event)) this.#run(plan, event);
    return outcome;
  }

  /** A record that is no event of this partition: rejected, misrouted, or a control record that moves the clock. */
  skip(outcome: 'rejected' | 'misrouted' | 'control', offset: number, recordMs: number): void {
    this.#advance(offset, outcome);
    if (outcome === 'control') this.state.clockMs = Math.max(this.state.clockMs, recordMs - this.#settings.futureMs);
  }

  #admit(event: EventView, recordMs: number): Outcome {
    if (event.timeMs > recordMs + this.#settings.futureMs) return 'future';
    if (event.timeMs < this.state.clockMs - this.#settings.latenessMs) return 'late';
    return this.state.duplicates.has(event.messageHigh, event.messageLow) ? 'duplicate' : 'applied';
  }

  #advance(offset: number, outcome: Outcome): void {
    const { state } = this;
    state.counters.count(outcome);
    state.next = offset + 1;
    state.changes.next = offset + 1;
    state.changes.epoch = state.epoch;
  }

  #run(plan: Plan, event: EventView): void {
    const matched = this.#matched;
    this.#event = event;
    this.#slot = -1;
    this.#labels.fill(-1);
    this.#held?.show(event);
    for (const { index, always, tests } of plan.selectors) matched[index] = always || anyPasses(tests, event) ? 1 : 0;
    for (const trigger of plan.triggers) if (trigger.namesOnly || anyMatched(matched, trigger.selectors)) trigger.run(event);
    for (const { index } of plan.selectors) matched[index] = 0;
    this.#event = null;
  }

  /** The actor's slot, given out at the first match, so that actors whom no metric sees take no memory. */
  #touch(event: EventView): number {
    if (this.#slot >= 0) return this.#slot;
    this.#slot = this.state.actors.findOrAdd(event.actor0, event.actor1, event.actor2, event.actor3);
    return this.#slot;
  }

  #label(dimension: number): number {
    const known = this.#labels[dimension] as number;
    if (known >= 0) return known;
    const event = this.#event as EventView;
    const tuple = this.#tupleAt(dimension);
    const label =
      tuple === undefined
        ? (this.state.dictionaries[dimension]?.labelIn(event, this.#dimensionPaths[dimension] as number) ?? 0)
        : tuple.of(this.#labelOf);
    this.#labels[dimension] = label;
    return label;
  }

  readonly #labelOf = (dimension: number): number => this.#label(dimension);

  #tupleAt(dimension: number): TupleLabels | undefined {
    return dimension < this.#dimensionPaths.length ? undefined : this.#tuples[dimension - this.#dimensionPaths.length];
  }

  /** As if an event showed the text; of a tuple, as if it did in each of its dimensions. */
  #labelOfText(dimension: number, text: string): number {
    const tuple = this.#tupleAt(dimension);
    if (tuple !== undefined) return tuple.of((member) => this.#labelOfText(member, text));
    return this.state.dictionaries[dimension]?.labelOf(text) ?? 0;
  }

  /** Whether the event at hand shows no value, or an empty one, whatever label that gets in a closed list; of a tuple in none of its dimensions. */
  #showsNothing(dimension: number): boolean {
    const tuple = this.#tupleAt(dimension);
    if (tuple !== undefined) return tuple.members.every((member) => this.#showsNothing(member));
    return (this.#event as EventView).sliceText(this.#dimensionPaths[dimension] as number) === '';
  }

  #makePlans(): void {
    const names: (string | null)[] = [null, ...this.#selectors.names()];
    for (const name of names) {
      for (const isAction of [false, true]) {
        const selectors = this.#selectors.testsFor(name, isAction);
        const indexes = new Set(selectors.map((each) => each.index));
        const triggers = this.#triggers.filter((trigger) => trigger.selectors.some((index) => indexes.has(index)));
        this.#plans[(name === null ? 0 : this.#vocabulary.name(name)) * 2 + (isAction ? 1 : 0)] = { selectors, triggers };
      }
    }
  }

  #numberOf(name: string): number {
    return this.#dimensions.findIndex((dimension) => dimension.name === name);
  }

  #binder(): FoldBinder {
    return {
      latenessMs: this.#settings.latenessMs,
      calendar: (metric: MetricBase, unit?: Unit) => this.#calendars.calendar(metric, unit),
      dimension: (name) => this.#numberOf(name),
      isHeld: (slice) => isHeldSlice(slice, this.set.dimensions),
      path: (path) => this.#vocabulary.path(path),
      bucketSets: (spec, added) => this.#bindBucketSets(spec, added),
      derivedSets: ({ metric, name, windowBuckets }) => {
        const store = new BucketSets({ windowBuckets });
        this.state.bucketSets.push({ key: `derived ${metric.id} ${name}`, store });
        return store;
      },
      firsts: (spec, moves) => this.#bindFirsts(spec, moves),
      timelines: (spec, inserting) => this.#bindTimelines(spec, inserting),
      labelShown: this.#labelOf,
      labelOf: (dimension, text) => this.#labelOfText(dimension, text),
      onMatch: (selector, matched) => {
        const label = (dimension: number): number => this.#label(dimension);
        this.#triggers.push({ selectors: [this.#selectors.index(selector)], namesOnly: false, run: (event) => matched(event, label) });
      },
      table: (shape: TableShape) => {
        const table = this.#held?.table(shape) ?? new CellTable(shape, this.state.changes, this.state);
        this.state.tables.set(`${shape.metric}/${shape.name}`, table);
        return table;
      },
    };
  }

  readonly #bucketHandlers = new Map<string, { store: BucketSets; handlers: BucketAdded[] }>();

  #bindBucketSets(spec: { selector: Selector; calendar: Calendar; windowBuckets: number; dimension: number }, added: BucketAdded): BucketSets {
    const { selector, calendar, dimension } = spec;
    const dimensionName = this.#dimensions[dimension]?.name ?? '';
    const key = `buckets ${selectorKey(selector)} ${calendar.zone} ${calendar.unit} ${calendar.weekStart} ${dimensionName}`;
    const known = this.#bucketHandlers.get(key);
    if (known !== undefined) {
      known.store.widen(spec.windowBuckets);
      known.handlers.push(added);
      return known.store;
    }
    const store = new BucketSets({ windowBuckets: spec.windowBuckets });
    const handlers = [added];
    this.#bucketHandlers.set(key, { store, handlers });
    this.state.bucketSets.push({ key, store });
    this.#selectorBuckets(selector).feed(store, handlers, { calendar, dimension });
    return store;
  }

  readonly #bucketsBySelector = new Map<number, SelectorBuckets>();

  /** The bucket sets of one selector have one trigger. */
  #selectorBuckets(selector: Selector): SelectorBuckets {
    const index = this.#selectors.index(selector);
    const known = this.#bucketsBySelector.get(index);
    if (known !== undefined) return known;
    const buckets = new SelectorBuckets();
    this.#bucketsBySelector.set(index, buckets);
    const labelOf = (dimension: number): number => this.#label(dimension);
    const changed = (slot: number): void => this.state.touched.touch(slot);
    this.#triggers.push({ selectors: [index], namesOnly: false, run: (event) => buckets.match(event, this.#touch(event), labelOf, changed) });
    return buckets;
  }

  #bindFirsts(
    spec: { selector: Selector; namesOnly: boolean; dimensions: readonly number[] },
    moves: { leaving(slot: number): void; arrived(slot: number): void },
  ): Firsts {
    const { dimensions, namesOnly } = spec;
    const store = new Firsts({ captures: 1 + dimensions.length });
    const index = this.#selectors.index(spec.selector);
    const names = dimensions.map((dimension) => this.#dimensions[dimension]?.name);
    this.state.firsts.push({ key: `first ${selectorKey(spec.selector)} ${namesOnly} ${names.join(',')} ${this.state.firsts.length}`, store });
    this.#triggers.push({
      selectors: [index],
      namesOnly,
      run: (event) => {
        const slot = this.#touch(event);
        let row = store.find(slot);
        if (row >= 0 && !store.precedes(row, event.timeMs, event.messageHigh, event.messageLow)) return;
        if (row >= 0) moves.leaving(slot);
        else row = store.ensure(slot);
        store.set(row, event.timeMs, event.messageHigh, event.messageLow);
        store.captured[row * store.captures] = this.#matched[index] as number;
        for (let at = 0; at < dimensions.length; at++) store.captured[row * store.captures + 1 + at] = this.#label(dimensions[at] as number);
        this.state.touched.touch(slot);
        moves.arrived(slot);
      },
    });
    return store;
  }

  #bindTimelines(spec: Parameters<FoldBinder['timelines']>[0], inserting: (insertion: TimelineInsertion, insert: () => void) => void): Timelines {
    const { state } = this;
    const { dimensions, markEmpty = false } = spec;
    const store = new Timelines({ captures: dimensions.length });
    const indexes = spec.selectors.map((selector) => this.#selectors.index(selector));
    const names = dimensions.map((dimension) => this.#dimensions[dimension]?.name);
    state.timelines.push({ key: `times ${spec.selectors.map(selectorKey).join(' ')} ${names.join(',')} ${state.timelines.length}`, store });
    // One for all events: a handler is done with it before the next event comes.
    const insertion: { -readonly [K in keyof TimelineInsertion]: TimelineInsertion[K] } = {
      slot: 0,
      row: 0,
      index: 0,
      timeMs: 0,
      mask: 0,
      clockMs: 0,
    };
    const insert = (): void => {
      const event = this.#event as EventView;
      const { row, index, timeMs, mask } = insertion;
      const position = store.insert(row, index, timeMs, event.messageHigh, event.messageLow, mask);
      for (let at = 0; at < dimensions.length; at++) {
        const label = this.#label(dimensions[at] as number);
        store.setCaptured(position, at, markEmpty ? label * 2 + (this.#showsNothing(dimensions[at] as number) ? 1 : 0) : label);
      }
    };
    this.#triggers.push({
      selectors: indexes,
      namesOnly: false,
      run: (event) => {
        const slot = this.#touch(event);
        const row = store.ensure(slot);
        const index = store.place(row, event.timeMs, event.messageHigh, event.messageLow);
        if (index < 0) return;
        state.touched.touch(slot);
        insertion.slot = slot;
        insertion.row = row;
        insertion.index = index;
        insertion.timeMs = event.timeMs;
        insertion.mask = maskOf(this.#matched, indexes);
        insertion.clockMs = state.clockMs;
        inserting(insertion, insert);
        this.#prune(store, row, slot, spec);
      },
    });
    return store;
  }

  /** Forgets what only closed buckets hold; beyond the cap, the earliest quarter, whose attempts keep the depth that they reached. */
  #prune(store: Timelines, row: number, slot: number, { keepFromMs, forgetting }: Parameters<FoldBinder['timelines']>[0]): void {
    store.dropEarliest(row, store.lowerBound(row, keepFromMs(this.state.clockMs, slot)));
    const { timelineCap } = this.#settings;
    if (store.length(row) <= timelineCap) return;
    // Whole instants only: what is kept must not lose an event that it may have taken at its own instant.
    const lastMs = store.times[store.start(row) + Math.max(0, (timelineCap >> 2) - 1)] as number;
    forgetting?.(slot, lastMs);
    store.dropEarliest(row, store.lowerBound(row, lastMs + 1));
    this.state.cappedActors.add(slot);
  }
}

function anyPasses(tests: readonly EventTest[], event: EventView): boolean {
  for (const test of tests) if (test(event)) return true;
  return false;
}

function anyMatched(matched: Uint8Array, selectors: readonly number[]): boolean {
  for (const index of selectors) if (matched[index] === 1) return true;
  return false;
}

/** Bit i is set when the i-th selector matched. */
function maskOf(matched: Uint8Array, selectors: readonly number[]): number {
  let mask = 0;
  for (let bit = 0; bit < selectors.length; bit++) if (matched[selectors[bit] as number] === 1) mask |= 1 << bit;
  return mask;
}
