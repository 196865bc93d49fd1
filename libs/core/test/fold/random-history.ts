/** Arbitrary logs: several actors, tied instants, late and future events, repeats, and spans of several horizons. */
import fc from 'fast-check';
import { COMPOSITE, type EventView, type PropertyValue, type Vocabulary } from '../../src/event.ts';
import type { TimelineEvent } from '../../src/recompute/timeline.ts';
import type { FoldSettings } from '../../src/settings.ts';
import { NAMES, type Pace, PLANS } from './random-set.ts';

const HOUR_MS = 3_600_000;

/** A record of the log and what it says. */
export interface LoggedEvent extends TimelineEvent {
  readonly recordMs: number;
  readonly actorNumber: number;
}

/** What `random` draws; `unfold` gives it times. Kept apart so that a failure shrinks well. */
export interface DrawnHistory {
  readonly startMs: number;
  readonly grainMs: number;
  /** Time passes only before every so manieth record: large for many ties. */
  readonly advanceEvery: number;
  readonly steps: readonly DrawnStep[];
}

interface DrawnStep {
  readonly actor: number;
  readonly name: string;
  /** Grains that pass before, and that the event's time lies back. */
  readonly advance: number;
  readonly back: number;
  /** Milliseconds beside the grain. */
  readonly jitter: number;
  readonly recordLag: number;
  /** Repeats the id of the actor's event so many before, or 0. */
  readonly repeat: number;
  readonly id: number;
  readonly plan: unknown;
  readonly city: string | undefined;
  /** Mostly absent, so that it comes late, and then others. */
  readonly came: string | undefined;
  readonly amount: unknown;
}

const step: fc.Arbitrary<DrawnStep> = fc.record({
  actor: fc.constantFrom(0, 0, 0, 0, 1, 1, 2, 3),
  name: fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...NAMES) }, { weight: 1, arbitrary: fc.constantFrom('D', 'of another set') }),
  advance: fc.oneof(
    { weight: 20, arbitrary: fc.constant(0) },
    { weight: 50, arbitrary: fc.integer({ min: 1, max: 3 }) },
    { weight: 20, arbitrary: fc.integer({ min: 4, max: 40 }) },
    { weight: 1, arbitrary: fc.integer({ min: 100, max: 1500 }) },
  ),
  back: fc.oneof(
    { weight: 12, arbitrary: fc.constant(0) },
    { weight: 8, arbitrary: fc.integer({ min: 1, max: 10 }) },
    { weight: 1, arbitrary: fc.integer({ min: 11, max: 200 }) },
  ),
  // Rarely the year 69: on time only as a partition's first.
  jitter: fc.oneof(
    { weight: 60, arbitrary: fc.constant(0) },
    { weight: 14, arbitrary: fc.constantFrom(-1, 1) },
    { weight: 1, arbitrary: fc.constant(-60e12) },
  ),
  recordLag: fc
    .oneof({ weight: 12, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(-2, -40, 1) })
    .map((hours) => hours * HOUR_MS),
  repeat: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 4 }) }),
  id: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  plan: fc.constantFrom<unknown[]>(...PLANS, undefined, {}),
  city: fc.constantFrom('Yerevan', 'Gyumri', '', undefined),
  came: fc.constantFrom(undefined, undefined, undefined, undefined, undefined, undefined, '', 'promo', 'moved'),
  amount: fc.constantFrom<unknown[]>(1, 5, 0.005, -0.015, 19.99, 1e21, 1e-7, -3, '7', null, undefined, [1], 2 ** 52),
});

/** Around clock changes, a skipped date, midnight changes, the epoch, and any other day. */
const STARTS = ['2026-03-26', '2026-10-23', '2011-12-20', '2018-10-30', '1969-12-30', '2025-12-28', '2024-02-27'];

export function randomHistory(pace: Pace, maxLength: number): fc.Arbitrary<DrawnHistory> {
  return fc.record({
    startMs: fc.constantFrom(...STARTS).map((date) => Date.parse(`${date}T00:00:00Z`)),
    grainMs: fc.constant(pace.grainMs),
    advanceEvery: fc.constantFrom(1, 1, 1, 5),
    steps: fc.array(step, { minLength: 1, maxLength, size: 'max' }),
  });
}

/** The records in the order of the log. */
export function unfold(drawn: DrawnHistory): LoggedEvent[] {
  let nowMs = drawn.startMs;
  const ids = new Map<number, number[]>();
  return drawn.steps.map((each, index) => {
    if (index % drawn.advanceEvery === 0) nowMs += each.advance * drawn.grainMs;
    const own = ids.get(each.actor) ?? [];
    ids.set(each.actor, own);
    const id = own[own.length - each.repeat] ?? each.id * 64 + index;
    own.push(id);
    const root = { properties: { plan: each.plan, amount: each.amount }, context: { city: each.city, came: each.came } };
    return {
      actor: `u:${each.actor}`,
      actorNumber: each.actor,
      messageId: String(id),
      tieHash: (BigInt(scrambled(id)) << 32n) | BigInt(scrambled(id + 1)),
      name: each.name,
      isAction: each.name !== '$identify',
      timeMs: nowMs - each.back * drawn.grainMs + each.jitter,
      recordMs: nowMs + each.recordLag,
      get: (path) => valueAt(root, path),
    };
  });
}

/** The records that the rule of the clock applies, told without the fold; one partition's, in the order of the log. */
export function appliedOf(records: readonly LoggedEvent[], settings: FoldSettings): { applied: LoggedEvent[]; clockMs: number } {
  const seen = new Set<string>();
  const applied: LoggedEvent[] = [];
  let clockMs = Number.NEGATIVE_INFINITY;
  for (const record of records) {
    const isFuture = record.timeMs > record.recordMs + settings.futureMs;
    const isLate = record.timeMs < clockMs - settings.latenessMs;
    if (isFuture || isLate || seen.has(record.messageId)) continue;
    seen.add(record.messageId);
    clockMs = Math.max(clockMs, record.timeMs);
    applied.push(record);
  }
  return { applied, clockMs };
}

/** What the decoder would show of a record. */
export function viewOf(record: LoggedEvent, vocabulary: Vocabulary): EventView {
  const property = (pathId: number): PropertyValue => record.get(vocabulary.paths[pathId] ?? []);
  const textOf = (value: PropertyValue): string => (value === undefined || value === null || value === COMPOSITE ? '' : String(value));
  return {
    nameId: vocabulary.names.get(record.name) ?? 0,
    isAction: record.isAction,
    timeMs: record.timeMs,
    actor0: scrambled(record.actorNumber * 4),
    actor1: scrambled(record.actorNumber * 4 + 1),
    actor2: scrambled(record.actorNumber * 4 + 2),
    actor3: scrambled(record.actorNumber * 4 + 3),
    messageHigh: Number(record.tieHash >> 32n),
    messageLow: Number(record.tieHash & 0xffffffffn),
    property,
    sliceText: (pathId) => textOf(property(pathId)),
    sliceId: (pathId) => vocabulary.valueId(textOf(property(pathId))),
    numberText: (pathId) => {
      const value = property(pathId);
      return typeof value === 'number' ? String(value) : null;
    },
  };
}

function valueAt(root: unknown, path: readonly string[]): PropertyValue {
  let value: unknown = root;
  for (const key of path) value = typeof value === 'object' && value !== null ? Object.entries(value).find(([own]) => own === key)?.[1] : undefined;
  if (value === undefined || value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return COMPOSITE;
}

/** A well-mixed unsigned word of a number. */
function scrambled(number: number): number {
  let word = Math.imul((number ^ Math.floor(number / 2 ** 32)) | 0, 0x9e3779b1);
  word = Math.imul(word ^ (word >>> 15), 0x85ebca6b);
  return (word ^ (word >>> 13)) >>> 0;
}
