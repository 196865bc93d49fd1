/** The definition of an accepted record, by `JSON.parse`: the oracle of the fast decoder and its fall-back for anything unusual. */
import type { EventView, PropertyValue, RejectReason, Vocabulary } from '@tidemark/core';
import {
  type ActorKind,
  type EventDescription,
  type EventType,
  idOf,
  isActionType,
  NESTING_LIMIT,
  nameOf,
  typeOf,
  VALUE_LIMIT_BYTES,
} from './accept.ts';
import { actorHash, messageHash } from './hash.ts';
import { isJsonObject, type JsonObject, memberOf, nestingOf, propertyValueOf } from './json.ts';
import { numberTextOf, sliceTextOf } from './number.ts';
import { timeOf } from './time.ts';

/** A Kafka record's key and value as they are on the wire. */
export interface RecordBytes {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
}

/** Records by number, each with its key and value somewhere in a Buffer, so that reading one needs no object. The Buffer's bytes do not change. */
export interface RecordRanges {
  bytes(index: number): Buffer;
  /** −1 for null, as `keyEnd` is then. */
  keyStart(index: number): number;
  keyEnd(index: number): number;
  /** −1 for null, as `valueEnd` is then. */
  valueStart(index: number): number;
  valueEnd(index: number): number;
}

/** Turns record bytes into events. It reuses one view for all records: read it before the next call. */
export interface Decoder {
  /** The event, or null when the record is rejected; `reason` then says why. Never throws for any bytes. */
  decode(key: Uint8Array | null, value: Uint8Array | null): EventView | null;
  /** The same for one of many records; the view reads from its Buffer. While it decodes, single bytes of the Buffer may be changed, and are put back. */
  decodeAt(records: RecordRanges, index: number): EventView | null;
  /** Why the last rejected record was. Meaningless before there is one. */
  readonly reason: RejectReason;
}

/** A record as far as it is understood without a vocabulary. */
export interface ReadRecord {
  readonly root: JsonObject;
  readonly type: EventType;
  readonly event: string;
  readonly actorKind: ActorKind;
  readonly actorId: string;
  readonly messageId: string;
  readonly timeMs: number;
}

/** Reads a record the plain way, all checks in the order of `REJECT_REASONS`. */
export function readRecord(key: Uint8Array | null, value: Uint8Array | null): ReadRecord | RejectReason {
  const root = rootOf(value);
  if (typeof root === 'string') return root;
  const type = typeOf(memberOf(root, 'type'));
  if (type === undefined) return 'bad_type';
  const event = type === 'track' ? nameOf(memberOf(root, 'event')) : `$${type}`;
  if (event === null) return 'bad_event_name';
  const userId = idOf(memberOf(root, 'userId'));
  const actorId = userId === '' ? idOf(memberOf(root, 'anonymousId')) : userId;
  if (actorId === null || actorId === '') return 'bad_actor';
  const messageId = idOf(memberOf(root, 'messageId'));
  if (messageId === null || messageId === '') return 'bad_message_id';
  const timeMs = timeOf(memberOf(root, 'timestamp'));
  if (Number.isNaN(timeMs)) return 'bad_timestamp';
  if (key === null) return 'null_key';
  if (Buffer.compare(key, Buffer.from(actorId, 'utf8')) !== 0) return 'key_mismatch';
  return { root, type, event, actorKind: userId === '' ? 'anonymous' : 'user', actorId, messageId, timeMs };
}

/** What the archive writes of a record. */
export function describeEvent(key: Uint8Array | null, value: Uint8Array | null): EventDescription {
  const record = readRecord(key, value);
  if (typeof record === 'string') return { accepted: false, reason: record };
  const { type, event, actorKind, actorId, messageId, timeMs } = record;
  return { accepted: true, type, event, actorKind, actorId, messageId, timeMs };
}

/** The decoder by `JSON.parse`. */
export function createPlainDecoder(vocabulary: Vocabulary): Decoder {
  let reason: RejectReason = 'null_value';
  const decode = (key: Uint8Array | null, value: Uint8Array | null): EventView | null => {
    const record = readRecord(key, value);
    if (typeof record !== 'string') return viewOf(record, vocabulary);
    reason = record;
    return null;
  };
  return {
    decode,
    decodeAt(records, index) {
      const { key, value } = recordAt(records, index);
      return decode(key, value);
    },
    get reason() {
      return reason;
    },
  };
}

/** The record's bytes, not copied. */
export function recordAt(records: RecordRanges, index: number): RecordBytes {
  const bytes = records.bytes(index);
  const slice = (start: number, end: number): Uint8Array | null => (start < 0 ? null : bytes.subarray(start, end));
  return { key: slice(records.keyStart(index), records.keyEnd(index)), value: slice(records.valueStart(index), records.valueEnd(index)) };
}

/** What stands at a path of a parsed event. Objects only: an array has no members. */
export function propertyAt(root: JsonObject, path: readonly string[]): PropertyValue {
  let value: unknown = root;
  for (const part of path) value = memberOf(value, part);
  return propertyValueOf(value);
}

/** The outermost object of a record value, or why there is none. */
export function rootOf(value: Uint8Array | null): JsonObject | RejectReason {
  if (value === null) return 'null_value';
  if (value.length > VALUE_LIMIT_BYTES) return 'too_large';
  const text = Buffer.from(value.buffer, value.byteOffset, value.length).toString('utf8');
  let root: unknown;
  try {
    // V8's parser keeps its own stack: nesting of any depth is safe here, and nothing below goes deeper than a path.
    root = JSON.parse(text);
  } catch {
    return 'broken_json';
  }
  if (nestingOf(text) > NESTING_LIMIT) return 'too_deep';
  return isJsonObject(root) ? root : 'not_an_object';
}

function viewOf(record: ReadRecord, vocabulary: Vocabulary): EventView {
  const [actor0, actor1, actor2, actor3] = actorHash(record.actorKind, record.actorId);
  const [messageHigh, messageLow] = messageHash(record.messageId);
  const property = (pathId: number): PropertyValue => {
    const path = vocabulary.paths[pathId];
    if (path === undefined) throw new RangeError(`path ${pathId} is not in the vocabulary`);
    return propertyAt(record.root, path);
  };
  return {
    nameId: vocabulary.names.get(record.event) ?? 0,
    isAction: isActionType(record.type),
    timeMs: record.timeMs,
    actor0,
    actor1,
    actor2,
    actor3,
    messageHigh,
    messageLow,
    property,
    sliceText: (pathId) => sliceTextOf(property(pathId)),
    sliceId: (pathId) => vocabulary.valueId(sliceTextOf(property(pathId))),
    numberText: (pathId) => numberTextOf(property(pathId)),
  };
}
