/** The rules of acceptance that do not depend on how the bytes were read: limits, types, names, ids. */
import type { RejectReason } from '@tidemark/core';

/** Bytes of a record value; one more is `too_large`. */
export const VALUE_LIMIT_BYTES = 1_048_576;
/** Open objects and arrays at one place; one more is `too_deep`. */
export const NESTING_LIMIT = 64;
/** Bytes of an event name as UTF-8. */
const NAME_LIMIT_BYTES = 200;
/** Bytes of an actor id or a messageId as UTF-8. */
export const ID_LIMIT_BYTES = 512;
/** UTF-16 code units of a slice value. */
export const SLICE_LIMIT_UNITS = 200;

/** All reasons, in the order in which they are looked for: the first that applies is given. */
export const REJECT_REASONS: readonly RejectReason[] = [
  'too_large',
  'null_value',
  'broken_json',
  'too_deep',
  'not_an_object',
  'bad_type',
  'bad_event_name',
  'bad_actor',
  'bad_message_id',
  'bad_timestamp',
  'null_key',
  'key_mismatch',
];

export type ActorKind = 'user' | 'anonymous';
export type EventType = 'track' | 'page' | 'screen' | 'identify' | 'group' | 'alias';

/** What is written of a record beside its raw bytes. Texts are well formed: a lone surrogate reads as U+FFFD. */
export type EventDescription =
  | {
      readonly accepted: true;
      readonly type: EventType;
      /** The name that selectors see: the `event` of a track, else `$page`, `$screen`, … */
      readonly event: string;
      readonly actorKind: ActorKind;
      readonly actorId: string;
      readonly messageId: string;
      readonly timeMs: number;
    }
  | { readonly accepted: false; readonly reason: RejectReason };

const TYPES: ReadonlyMap<unknown, EventType> = new Map(
  (['track', 'page', 'screen', 'identify', 'group', 'alias'] as const).map((type) => [type, type]),
);

/** The event's type, or undefined when the value is none. */
export function typeOf(value: unknown): EventType | undefined {
  return TYPES.get(value);
}

/** True for the types that `event: "*"` matches: what a person did, not what is known of a person. */
export function isActionType(type: EventType): boolean {
  return type === 'track' || type === 'page' || type === 'screen';
}

/** The name of a track, or null when the value is none. */
export function nameOf(value: unknown): string | null {
  if (typeof value !== 'string' || value === '') return null;
  return Buffer.byteLength(value) <= NAME_LIMIT_BYTES ? value.toWellFormed() : null;
}

/** An id as text: `''` when there is none (absent, null or empty), null when the value is of a wrong type or too long. */
export function idOf(value: unknown): string | null {
  if (value === undefined || value === null) return '';
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : null;
  if (typeof value !== 'string') return null;
  return Buffer.byteLength(value) <= ID_LIMIT_BYTES ? value.toWellFormed() : null;
}
