/** Which place of a record value holds what: the members that make an event, and the paths of the vocabulary. */
import { ABSENT, type MemberScan } from './decode-scan.ts';
import { BACKSLASH, OPEN_ARRAY, OPEN_OBJECT, type ValueText } from './decode-text.ts';

/** Instead of a place: an object or array. */
export const COMPOSITE_PLACE = -3;
/** Instead of a place: the path cannot be compared byte by byte. */
export const NOT_BY_BYTES = -4;
/** Instead of a place: not looked for yet. */
export const UNKNOWN = -5;

/** Places by meaning, negative where there is none. */
export interface Layout {
  type: number;
  event: number;
  user: number;
  anonymous: number;
  message: number;
  time: number;
  /** Between the scalars stands no byte that a text format would escape: no backslash, no control character. False = not looked. */
  readonly isBare: boolean;
  /** By number of the path. */
  readonly paths: Int32Array;
}

/** A path as bytes, or null for the path to the event itself and for a part that does not stand in bytes as itself. */
export type BytePath = readonly Uint8Array[] | null;

export function bytePathOf(path: readonly string[]): BytePath {
  const isOdd = path.length === 0 || path.some((part) => part.includes('\ufffd') || !part.isWellFormed());
  return isOdd ? null : path.map((part) => Buffer.from(part, 'utf8'));
}

export function emptyLayout(pathCount: number): Layout {
  return {
    type: ABSENT,
    event: ABSENT,
    user: ABSENT,
    anonymous: ABSENT,
    message: ABSENT,
    time: ABSENT,
    isBare: false,
    paths: new Int32Array(pathCount),
  };
}

/** Lays out a scanned value, of duplicate members the last; paths are left to be looked for when asked for. */
export function layOut(layout: Layout, scan: MemberScan): void {
  layout.type = ABSENT;
  layout.event = ABSENT;
  layout.user = ABSENT;
  layout.anonymous = ABSENT;
  layout.message = ABSENT;
  layout.time = ABSENT;
  layout.paths.fill(UNKNOWN);
  for (let place = 0; place < scan.count; place += 1) {
    const length = scan.outermostKeyLength(place);
    if (length === 4 && scan.isKeyAt(place, TYPE)) layout.type = place;
    else if (length === 5 && scan.isKeyAt(place, EVENT)) layout.event = place;
    else if (length === 6 && scan.isKeyAt(place, USER_ID)) layout.user = place;
    else if (length === 9 && scan.isKeyAt(place, MESSAGE_ID)) layout.message = place;
    else if (length === 9 && scan.isKeyAt(place, TIMESTAMP)) layout.time = place;
    else if (length === 11 && scan.isKeyAt(place, ANONYMOUS_ID)) layout.anonymous = place;
  }
}

/** The same for all values of this shape: places are the numbers of the scalars. */
export function layoutOfShape(layout: Layout, paths: readonly BytePath[], scan: MemberScan, text: ValueText): Layout {
  const scalarOf = (place: number): number => {
    if (place < 0) return place;
    const first = text.firstByte(place);
    if (first === OPEN_OBJECT || first === OPEN_ARRAY) return COMPOSITE_PLACE;
    return scan.scalarStarts.indexOf(text.starts[place] ?? 0);
  };
  return {
    type: scalarOf(layout.type),
    event: scalarOf(layout.event),
    user: scalarOf(layout.user),
    anonymous: scalarOf(layout.anonymous),
    message: scalarOf(layout.message),
    time: scalarOf(layout.time),
    isBare: areGapsBare(scan, text),
    paths: Int32Array.from(paths, (path) => (path === null ? NOT_BY_BYTES : scalarOf(scan.find(path)))),
  };
}

function areGapsBare({ scalarCount, scalarStarts, scalarEnds }: MemberScan, { bytes, start, end }: ValueText): boolean {
  let gapStart = start;
  for (let scalar = 0; scalar <= scalarCount; scalar += 1) {
    const gapEnd = scalar < scalarCount ? (scalarStarts[scalar] ?? 0) : end;
    for (let at = gapStart; at < gapEnd; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte < 0x20 || byte === BACKSLASH) return false;
    }
    gapStart = scalarEnds[scalar] ?? 0;
  }
  return true;
}

const TYPE = Buffer.from('type');
const EVENT = Buffer.from('event');
const USER_ID = Buffer.from('userId');
const ANONYMOUS_ID = Buffer.from('anonymousId');
const MESSAGE_ID = Buffer.from('messageId');
const TIMESTAMP = Buffer.from('timestamp');
