/** Retention by first events: one cohort per actor, which moves when an earlier event arrives in time. */
import type { RetentionDefinition } from '../definition.ts';
import { type BucketSets, NO_BUCKET } from '../state/bucket-sets.ts';
import type { Firsts } from '../state/firsts.ts';
import type { Timelines } from '../state/timelines.ts';
import type { FoldBinder, TimelineInsertion } from './kind.ts';
import { emitCohort, emitItself, emitReturn, type Membership, type RetentionSpec, type Returned } from './retention-cells.ts';
import { bindReturned, hasBucket, latestInstant, openFrom } from './retention-returns.ts';
import { rollingUnitMs } from './retention-spans.ts';

export function bindFirst(metric: RetentionDefinition, binder: FoldBinder, spec: RetentionSpec): void {
  const { shape, calendar, tables } = spec;
  const namesOnly = metric.entry === 'first_ever';
  const dimensions = tables.filter((each) => each.dimension >= 0).map((each) => each.dimension);
  const joined = (row: number): boolean => row >= 0 && (!namesOnly || firsts.captured[row * firsts.captures] === 1);
  const membership = (row: number, index: number): Membership => ({
    table: (tables[index] as RetentionSpec['tables'][number]).table,
    cohort: calendar.bucketOf(firsts.times[row] as number),
    label: index === 0 ? 0 : (firsts.captured[row * firsts.captures + index] as number),
  });
  const returnedOf = (slot: number, cohort: number): Returned => {
    const itself = columns !== null && hasBucket(columns.sets, slot, 0, 0);
    if (returns !== null) return { sets: returns, row: returns.find(slot, 0), base: cohort, itself };
    const { sets } = columns as EntryColumns;
    return { sets, row: sets.find(slot, 0), base: 0, itself };
  };
  const emit = (slot: number, sign: 1 | -1): void => {
    const row = firsts.find(slot);
    if (!joined(row)) return;
    const returned = returnedOf(slot, calendar.bucketOf(firsts.times[row] as number));
    for (let index = 0; index < tables.length; index++) emitCohort(shape, membership(row, index), returned, sign);
  };
  const firsts: Firsts = binder.firsts(
    { selector: metric.start, namesOnly, dimensions },
    {
      leaving: (slot) => {
        emit(slot, -1);
        columns?.clear(slot);
      },
      arrived: (slot) => {
        if (joined(firsts.find(slot))) columns?.fill(slot);
        emit(slot, 1);
      },
    },
  );
  const returns = metric.interval === 'rolling' ? null : bindCalendarReturns();
  const columns = returns === null || shape.hasOwnBucket ? bindColumns() : null;

  function bindCalendarReturns(): BucketSets {
    const added = (slot: number, row: number, _label: number, bucket: number): void => {
      const first = firsts.find(slot);
      if (!joined(first)) return;
      const cohort = calendar.bucketOf(firsts.times[first] as number);
      if (bucket <= cohort || bucket - cohort > shape.horizon) return;
      const fresh = { bucket, previous: sets.previous(row, bucket), next: sets.next(row, bucket) };
      const itself = columns !== null && hasBucket(columns.sets, slot, 0, 0);
      for (let index = 0; index < tables.length; index++) emitReturn(shape, membership(first, index), fresh, cohort, itself);
    };
    const [sets] = bindReturned(metric, binder, spec, [{ name: 'total', dimension: -1, added }]) as [BucketSets];
    return sets;
  }

  function bindColumns(): EntryColumns {
    return bindEntryColumns(metric, binder, spec, {
      firsts,
      joined,
      added: (slot, k) => {
        const first = firsts.find(slot);
        const returned = returnedOf(slot, calendar.bucketOf(firsts.times[first] as number));
        const { sets, row, base, itself } = returned;
        const fresh = k === 0 ? null : { bucket: k, previous: sets.previous(row, k), next: sets.next(row, k) };
        for (let index = 0; index < tables.length; index++) {
          if (fresh === null) emitItself(shape, membership(first, index), returned);
          else emitReturn(shape, membership(first, index), fresh, base, itself);
        }
      },
    });
  }
}

/** Per actor the columns, counted from its entry instant, that count as returned: of `rolling` all, of `calendar` the entry bucket's, 0, alone. */
interface EntryColumns {
  readonly sets: BucketSets;
  clear(slot: number): void;
  /** Finds them anew for the entry instant at hand. */
  fill(slot: number): void;
}

interface Entries {
  readonly firsts: Firsts;
  joined(row: number): boolean;
  /** Runs after column k of the actor came in. */
  added(slot: number, k: number): void;
}

/**
 * The entry moves only to an event that is on time, so the instants of returns are kept for the lateness alone, and with `minReturns` for the column
 * before it as well, in which an on-time event may be the one that was missing. What lies further back is in the set of columns.
 */
function bindEntryColumns(metric: RetentionDefinition, binder: FoldBinder, spec: RetentionSpec, { firsts, joined, added }: Entries): EntryColumns {
  const { minReturns } = metric;
  const { latenessMs } = binder;
  const { columnOf, fromMs, last } = spansOf(metric, spec);
  const sets = binder.derivedSets({ metric, name: 'from entry', windowBuckets: last + 1 });
  const keptMs = latenessMs + (minReturns === 1 ? 0 : rollingUnitMs(metric.unit));
  const keepFromMs =
    metric.interval === 'calendar' && minReturns > 1 ? openFrom(spec.calendar, binder) : (clockMs: number): number => clockMs - keptMs;
  const isReached = (row: number, entryMs: number, k: number): boolean => {
    const span = { fromMs: fromMs(entryMs, k), toMs: fromMs(entryMs, k + 1), bit: 1, capture: -1, label: 0 };
    const instant = latestInstant(times, row, span, minReturns);
    return k === 0 ? instant > entryMs : instant >= span.fromMs;
  };
  const inserting = ({ slot, row, timeMs, clockMs }: TimelineInsertion, insert: () => void): void => {
    const first = firsts.find(slot);
    const entryMs = first < 0 ? Number.POSITIVE_INFINITY : (firsts.times[first] as number);
    const k = timeMs > entryMs && joined(first) ? columnOf(entryMs, timeMs) : -1;
    const isNew = k >= 0 && k <= last && !hasBucket(sets, slot, 0, k);
    // Once the entry cannot move any more, an instant is worth keeping only while it may have to be counted.
    const isFixed = entryMs < clockMs - latenessMs;
    if (!isFixed || (isNew && minReturns > 1)) insert();
    if (!isNew || (minReturns > 1 && !isReached(row, entryMs, k))) return;
    sets.add(sets.ensure(slot, 0), k);
    added(slot, k);
  };
  const times: Timelines = binder.timelines({ selectors: [metric.return], dimensions: [], keepFromMs }, inserting);
  return {
    sets,
    clear: (slot) => {
      const row = sets.find(slot, 0);
      if (row < 0) return;
      for (let k = sets.next(row, -1); k !== NO_BUCKET; k = sets.next(row, k)) sets.remove(row, k);
    },
    fill: (slot) => {
      const row = times.find(slot);
      const first = firsts.find(slot);
      if (row < 0) return;
      const entryMs = firsts.times[first] as number;
      const end = times.length(row);
      for (let index = times.lowerBound(row, entryMs); index < end; index++) {
        const k = columnOf(entryMs, times.times[times.start(row) + index] as number);
        if (k > last) return;
        if (!hasBucket(sets, slot, 0, k) && isReached(row, entryMs, k)) sets.add(sets.ensure(slot, 0), k);
      }
    },
  };
}

/** Column k of an entry is [fromMs(entry, k), fromMs(entry, k + 1)); of column 0 the entry's own instant does not count. */
interface Spans {
  /** Last column kept. */
  readonly last: number;
  columnOf(entryMs: number, timeMs: number): number;
  fromMs(entryMs: number, k: number): number;
}

function spansOf(metric: RetentionDefinition, { shape, calendar }: RetentionSpec): Spans {
  if (metric.interval === 'rolling') {
    const unitMs = rollingUnitMs(metric.unit);
    return {
      last: shape.horizon,
      columnOf: (entryMs, timeMs) => Math.floor((timeMs - entryMs) / unitMs),
      fromMs: (entryMs, k) => entryMs + k * unitMs,
    };
  }
  return {
    last: 0,
    columnOf: (entryMs, timeMs) => calendar.bucketOf(timeMs) - calendar.bucketOf(entryMs),
    fromMs: (entryMs, k) => (k === 0 ? entryMs : calendar.endMs(calendar.bucketOf(entryMs))),
  };
}
