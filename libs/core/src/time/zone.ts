/** The offsets of an IANA zone as a table, taken once from the time-zone data so that everything after is arithmetic. */
import { Temporal } from 'temporal-polyfill';
import { DAY_MS, daysFromCivil } from './civil.ts';

/**
 * Offset `offsetMs[i]` (local = UTC + offset) holds from `startMs[i]` up to `startMs[i + 1]`; `startMs[0]` is −∞ and one more start, +∞, ends the list.
 * Transitions are those of the years 1970 up to 2100: before, the offset of 1970-01-01T00:00Z holds; from 2100-01-01T00:00Z on, the one that held last.
 */
export interface ZoneTable {
  readonly startMs: Float64Array;
  readonly offsetMs: Float64Array;
}

const FIRST_MS = 0;
const LAST_MS = daysFromCivil(2100, 1, 1) * DAY_MS;
const UTC: ZoneTable = { startMs: Float64Array.of(-Infinity, Infinity), offsetMs: Float64Array.of(0) };
/** Memo of a pure function; a process sees one version of the time-zone data. */
const tables = new Map<string, ZoneTable>([
  ['UTC', UTC],
  ['Etc/UTC', UTC],
]);

/** The table of a zone; a RangeError that names the zone when there is no such zone. */
export function zoneTable(zone: string): ZoneTable {
  const known = tables.get(zone);
  if (known) return known;
  const table = readZone(zone);
  tables.set(zone, table);
  return table;
}

/** Canonical text of what this module knows of a zone: its name, then each `start offset` in ms. Goes into the lineage, so that new time-zone data is a new lineage. */
export function transitionsDigestInput(zone: string): string {
  const { startMs, offsetMs } = zoneTable(zone);
  return [zone, ...Array.from(offsetMs, (offset, index) => `${startMs[index]} ${offset}`)].join('\n');
}

/** The index of the segment that contains an instant. `hint` is tried first. Allocates nothing. */
export function segmentAt(starts: Float64Array, timeMs: number, hint: number): number {
  if (timeMs >= (starts[hint] ?? Infinity) && timeMs < (starts[hint + 1] ?? -Infinity)) return hint;
  let low = 0;
  let high = starts.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((starts[middle] ?? Infinity) <= timeMs) low = middle;
    else high = middle - 1;
  }
  return low;
}

function readZone(zone: string): ZoneTable {
  let moment: Temporal.ZonedDateTime | null;
  try {
    moment = Temporal.Instant.fromEpochMilliseconds(FIRST_MS).toZonedDateTimeISO(zone);
  } catch (cause) {
    throw new RangeError(`unknown time zone "${zone}"`, { cause });
  }
  const starts = [-Infinity];
  const offsets = [moment.offsetNanoseconds / 1e6];
  for (;;) {
    moment = moment.getTimeZoneTransition('next');
    if (moment === null || moment.epochMilliseconds >= LAST_MS) break;
    starts.push(moment.epochMilliseconds);
    offsets.push(moment.offsetNanoseconds / 1e6);
  }
  return { startMs: Float64Array.from([...starts, Infinity]), offsetMs: Float64Array.from(offsets) };
}
