/** Mistakes in production code, each in one place of its source: what the simulation is for. Stores and log keep their promises here. */
import type { SourceMutation } from './mutated-worker.ts';

/** By name: the mistake. When one says that its text has moved, write the same mistake for the new text. */
export const MUTATIONS: Readonly<Record<string, SourceMutation>> = {
  'rows are acknowledged by each script instead of by the closed head': {
    file: 'pipeline/src/partition/publish.ts',
    find: "if (answer.outcome !== 'written') return",
    replace: "if (answer.outcome === 'written') state.base = target;\n    if (answer.outcome !== 'written') return",
  },
  'an unknown outcome counts as acknowledged': {
    file: 'pipeline/src/partition/publish.ts',
    find: 'return sink.write(part);',
    replace: "return { outcome: 'written' };",
  },
  'a closed row leaves the state before every sink has acknowledged it': {
    file: 'pipeline/src/partition/memory.ts',
    find: 'splitVersion(earlierOf(redis.base, clickhouse.base))',
    replace: 'splitVersion(redis.base > clickhouse.base ? redis.base : clickhouse.base)',
  },
  'dropped rows leave no tombstones in deltas': {
    file: 'pipeline/src/partition/checkpoint.ts',
    find: 'dropped: memory.gone,',
    replace: 'dropped: [],',
  },
  'the largest dropped version is not in the manifest': {
    file: 'pipeline/src/partition/checkpoint.ts',
    find: 'dropped: memory.dropped,',
    replace: 'dropped: NO_VERSION,',
  },
  'a delta leaves while an older one stays': {
    file: 'pipeline/src/partition/checkpoint.ts',
    find: "ref.kind === 'delta' && ref.next >= oldest",
    replace: "ref.kind === 'delta' && ref.next % 2 === 0",
  },
  'rows count as saved before the manifest is in': {
    file: 'pipeline/src/partition/checkpoint.ts',
    find: 'const manifest = manifestOf(memory, saved, context);',
    replace: 'const manifest = manifestOf(memory, saved, context);\n  memory.saved.next = saved.next;\n  memory.saved.version = saved.version;',
  },
  'after a load the base is the position of the state': {
    file: 'pipeline/src/partition/publish.ts',
    find: 'state.base = head.closed;',
    replace: 'state.base = positionOf(memory);',
  },
  'a store that is behind keeps the base that it has forgotten': {
    file: 'pipeline/src/partition/publish.ts',
    find: 'state.base = answer.closed;',
    replace: 'state.base = base;',
  },
  'the duplicate filter is not in the state': {
    file: 'codec/src/state/unpack.ts',
    find: 'state.duplicates.restore(added, this.#ids);',
    replace: 'state.duplicates.restore(added, new Uint32Array(this.#ids.length));',
  },
  'the clock is not in the state': {
    file: 'codec/src/state/unpack.ts',
    find: 'state.clockMs = header.clockMs ?? Number.NEGATIVE_INFINITY;',
    replace: 'state.clockMs = Number.NEGATIVE_INFINITY;',
  },
  'iteration order: how much a full timeline forgets depends on its place in the table': {
    file: 'core/src/fold/partition-fold.ts',
    find: '(timelineCap >> 2) - 1)',
    replace: '(timelineCap >> 2) - 1 + 3 * (slot & 1))',
  },
  'the boundary of late events is the wall clock': {
    file: 'core/src/fold/partition-fold.ts',
    find: 'event.timeMs < this.state.clockMs - this.#settings.latenessMs',
    replace: 'event.timeMs < globalThis.plantedNowMs() - this.#settings.latenessMs',
  },
  'the gap of the successor’s bucket is not corrected by a late insert': {
    file: 'core/src/metrics/gap-cells.ts',
    find: 'if (next === NO_BUCKET) return;',
    replace: 'return;',
  },
  'a first-ever is not moved by an on-time earlier event': {
    file: 'core/src/state/firsts.ts',
    find: 'if (timeMs !== time) return timeMs < time;',
    replace: 'if (timeMs !== time) return false;',
  },
  'closed cells are evaluated again': {
    file: 'core/src/fold/partition-fold.ts',
    find: "if (outcome !== 'applied') return outcome;",
    replace: "if (outcome !== 'applied' && outcome !== 'late') return outcome;",
  },
};
