/** Brings the records of several partitions into one order in which another partitioning decides as the old one did. */
// The order is by the clock that each record's partition had behind it. Why nothing that was applied can be late in the new log, whatever its partitions:
// 1. Clocks never fall, so each old partition keeps its order, and with it every actor, who has all records in one old partition.
// 2. Whatever comes before a record in this order lies at or below that record's clock, so no new partition's clock is beyond it when the record comes.
// 3. A record that was on time lies within the lateness of the clock before it, which is its clock unless it moved it, and then it lies at the clock itself.
// What was not applied is left out: late and future events would be judged by other clocks, and might count.
import type { JudgedRecord } from './judged-records.ts';

interface Source {
  readonly pages: AsyncIterator<readonly JudgedRecord[]>;
  readonly number: number;
  page: readonly JudgedRecord[];
  at: number;
}

/** In that order; of equal clocks the earlier source first, so that the order is always the same. */
export async function* mergeByClock(sources: readonly AsyncIterable<readonly JudgedRecord[]>[]): AsyncGenerator<JudgedRecord> {
  const open: Source[] = [];
  for (const [number, source] of sources.entries()) {
    const opened: Source = { pages: source[Symbol.asyncIterator](), number, page: [], at: 0 };
    if (await hasNext(opened)) open.push(opened);
  }
  for (;;) {
    let first: Source | undefined;
    for (const source of open) if (first === undefined || clockOf(source) < clockOf(first)) first = source;
    const next = first?.page[first.at];
    if (first === undefined || next === undefined) return;
    yield next;
    first.at++;
    if (first.at >= first.page.length && !(await hasNext(first))) open.splice(open.indexOf(first), 1);
  }
}

function clockOf({ page, at }: Source): number {
  return page[at]?.clockMs ?? Number.POSITIVE_INFINITY;
}

/** Reads on where the page at hand is used up; false at the end. */
async function hasNext(source: Source): Promise<boolean> {
  while (source.at >= source.page.length) {
    const step = await source.pages.next();
    if (step.done === true) return false;
    source.page = step.value;
    source.at = 0;
  }
  return true;
}
