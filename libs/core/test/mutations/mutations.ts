/** The mistakes that the suite must catch: each a change of one place in the source, and the worked example that sees it. */

import type { MetricKindName } from '../../src/definition.ts';

export interface Mutation {
  readonly name: string;
  /** Under `libs/core`. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** Fails on the mutated source. File under `libs/core/test`. */
  readonly caughtBy: { readonly file: string; readonly title: string };
  /** Of the metrics in the random histories that must see it too, against the oracle; or why they do not. */
  readonly histories: { readonly kind: MetricKindName } | { readonly unseen: string };
}

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'off-by-one window end: a funnel’s window is a millisecond too long',
    file: 'src/metrics/attempts.ts',
    find: 'as number) + this.#windowMs;',
    replace: 'as number) + this.#windowMs + 1;',
    caughtBy: { file: 'metrics/limits.test.ts', title: 'a funnel’s window ends with its last millisecond' },
    histories: { kind: 'funnel' },
  },
  {
    name: 'off-by-one window end: retention leaves its last column out',
    file: 'src/metrics/retention-first.ts',
    find: 'bucket - cohort > shape.horizon',
    replace: 'bucket - cohort >= shape.horizon',
    caughtBy: { file: 'metrics/limits.test.ts', title: 'the last column of a cohort counts, the bucket after it does not' },
    histories: { kind: 'retention' },
  },
  {
    name: 'exclusive instead of inclusive: the end of a funnel’s window',
    file: 'src/metrics/attempts.ts',
    find: '> untilMs) return step',
    replace: '>= untilMs) return step',
    caughtBy: { file: 'recompute/funnel.test.ts', title: 'the window is counted from the opening event and includes its end' },
    histories: { kind: 'funnel' },
  },
  {
    name: 'exclusive instead of inclusive: the end of an activation’s window',
    file: 'src/metrics/activation-rule.ts',
    find: 'atMs <= untilMs ? atMs',
    replace: 'atMs < untilMs ? atMs',
    caughtBy: { file: 'recompute/activation.test.ts', title: 'the window includes its end' },
    histories: { kind: 'activation' },
  },
  {
    name: 'first instead of furthest',
    file: 'src/metrics/funnel-cells.ts',
    find: "if (attempt === 'first') return first",
    replace: 'if (attempt) return first',
    caughtBy: {
      file: 'recompute/funnel.test.ts',
      title: 'an earlier opening event does not use anything up: each opens an attempt of its own, the furthest counts for uniques',
    },
    histories: { kind: 'funnel' },
  },
  {
    name: 'the successor’s gap not corrected',
    file: 'src/metrics/gap-cells.ts',
    find: 'if (next === NO_BUCKET) return;',
    replace: 'return;',
    caughtBy: { file: 'recompute/activity.test.ts', title: 'uniques: distinct actors, null beyond lookback' },
    histories: { kind: 'activity' },
  },
  {
    name: 'first-ever not moved back by an on-time earlier event',
    file: 'src/state/firsts.ts',
    find: 'if (timeMs !== time) return timeMs < time;',
    replace: 'if (timeMs !== time) return false;',
    caughtBy: { file: 'recompute/retention.test.ts', title: 'first_ever: of several names the earliest decides' },
    histories: { kind: 'retention' },
  },
  {
    name: 'slice taken from the wrong event: from the entry that arrived first instead of the earliest',
    file: 'src/fold/partition-fold.ts',
    find: 'at++) store.captured[row',
    replace: 'at++) if (store.captured[row * store.captures + 1 + at] === 0) store.captured[row',
    caughtBy: { file: 'recompute/retention.test.ts', title: 'first_*: the value at the entry event' },
    histories: { kind: 'retention' },
  },
  {
    name: 'slice taken from the wrong event: from an attempt’s last step instead of its opening',
    file: 'src/metrics/attempts.ts',
    find: 'return captured(0);',
    replace: 'return captured(depth - 1);',
    caughtBy: { file: 'recompute/funnel-options.test.ts', title: 'entry: the value at the opening event' },
    histories: { kind: 'funnel' },
  },
  {
    name: 'week start ignored',
    file: 'src/time/calendar.ts',
    find: "weekStart === 'monday' ? 3 : 4",
    replace: '3',
    caughtBy: { file: 'time/calendar.test.ts', title: 'week from %s: %s is in the week %s' },
    histories: { unseen: 'the oracle shares the calendar' },
  },
  {
    name: 'DST hour lost: the offset of 1970 holds for ever',
    file: 'src/time/zone.ts',
    find: 'offsets.push(moment.offsetNanoseconds / 1e6);',
    replace: 'offsets.push(offsets[0] ?? 0);',
    caughtBy: { file: 'time/calendar.test.ts', title: '%s %s begins at %s and has %d hours' },
    histories: { unseen: 'the oracle shares the calendar' },
  },
  {
    name: 'duplicate amount added twice',
    file: 'src/fold/partition-fold.ts',
    find: "? 'duplicate' : 'applied'",
    replace: "? 'applied' : 'applied'",
    caughtBy: { file: 'fold/admission.test.ts', title: 'the first offset with a messageId wins: a repeat adds nothing, whatever it says' },
    histories: { kind: 'kpi' },
  },
  {
    name: 'closed cell re-evaluated: a late event is applied',
    file: 'src/fold/partition-fold.ts',
    find: "return 'late';",
    replace: "return 'applied';",
    caughtBy: { file: 'fold/admission.test.ts', title: 'a late event changes nothing: what was complete stays as it was' },
    histories: { kind: 'activity' },
  },
  {
    name: 'register pruned one bucket too early: a funnel’s timeline',
    file: 'src/metrics/funnel.ts',
    find: 'keepFromMs: (clockMs: number) => calendar.startMs(',
    replace: 'keepFromMs: (clockMs: number) => calendar.endMs(',
    caughtBy: { file: 'metrics/limits.test.ts', title: 'an attempt of the oldest open bucket is remembered until the lateness after its window' },
    histories: { kind: 'funnel' },
  },
  {
    name: 'register pruned one bucket too early: the returns of a bucket that is still open',
    file: 'src/metrics/retention-returns.ts',
    find: 'calendar.startMs(calendar.bucketOf(clockMs - latenessMs))',
    replace: 'calendar.endMs(calendar.bucketOf(clockMs - latenessMs))',
    caughtBy: { file: 'metrics/limits.test.ts', title: 'the returns of the oldest open bucket are remembered until the lateness after it' },
    histories: { kind: 'retention' },
  },
  {
    name: 'complete from the calendar instead of the watermark: as soon as the bucket is over',
    file: 'src/metrics/funnel.ts',
    find: ' + metric.windowMs + clock.latenessMs <= clock.watermarkMs',
    replace: ' <= clock.watermarkMs',
    caughtBy: {
      file: 'recompute/funnel.test.ts',
      title: 'a bucket is complete when its end, the window and lateness have passed; a range when its last bucket is',
    },
    histories: { kind: 'funnel' },
  },
  {
    name: 'complete from the calendar instead of the watermark: every bucket but the running one',
    file: 'src/metrics/kpi.ts',
    find: 'const complete = calendar.endMs(bucket) + clock.latenessMs <= clock.watermarkMs',
    replace: 'const complete = bucket < request.to',
    caughtBy: { file: 'recompute/kpi.test.ts', title: 'complete: the bucket’s end and lateness have passed' },
    histories: { kind: 'kpi' },
  },
  {
    name: 'float sum: totals are doubles',
    file: 'src/metrics/kpi.ts',
    find: 'formatFixed(sumIn(part, range, rows), measure.decimals)',
    replace: '(Number(sumIn(part, range, rows)) / 10 ** measure.decimals).toFixed(measure.decimals)',
    caughtBy: { file: 'recompute/kpi.test.ts', title: 'sum: exact where doubles are not, beyond 2^53 and in the last digit' },
    histories: { kind: 'kpi' },
  },
  {
    name: 'float sum: amounts rounded as doubles',
    file: 'src/metrics/kpi.ts',
    find: ': parseFixed(text, decimals);',
    replace: ': BigInt(Math.round(Number(text) * 10 ** decimals));',
    caughtBy: { file: 'recompute/kpi.test.ts', title: 'sum: exact where doubles are not, beyond 2^53 and in the last digit' },
    histories: { kind: 'kpi' },
  },
  {
    name: 'a held value stays where it was: an earlier one moves nothing',
    file: 'src/fold/held-values.ts',
    find: 'if (from.label !== to.label || from.column !== to.column) table.move',
    replace: 'if (from.label < 0) table.move',
    caughtBy: { file: 'metrics/held.test.ts', title: 'moves sums of money with it, beyond 2^53 and below zero' },
    histories: { kind: 'kpi' },
  },
  {
    name: 'a held value counts in a row that ends as it comes',
    file: 'src/fold/held-values.ts',
    find: '(firsts.times[row] as number) < beforeMs',
    replace: '(firsts.times[row] as number) <= beforeMs',
    caughtBy: { file: 'metrics/held.test.ts', title: 'of a row’s very end comes too late for it' },
    histories: { kind: 'activity' },
  },
  {
    name: 'a held value’s newcomer returns from a bucket in which it was unknown',
    file: 'src/state/held-table.ts',
    find: 'return isSame ? column : first + lookback;',
    replace: 'return column;',
    caughtBy: {
      file: 'metrics/held.test.ts',
      title: 'activity: who is known from a later bucket on leaves none for the value, and is new only once',
    },
    histories: { kind: 'activity' },
  },
];
