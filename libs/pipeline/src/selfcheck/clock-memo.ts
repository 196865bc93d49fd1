/** The clock that a partition had before given records, from the archive at a bounded cost: whole blocks of offsets are asked for once and remembered. */
import type { CheckArchive } from '../ports/archive.ts';

export interface ClockMemo {
  /**
   * Epoch ms by offset, −Infinity before the first event; null while blocks further down are not known yet: each call asks for a bounded number of them.
   * Exact unless a repeated message came with a later time than the first. `offsets` ascend, and all lie below the end of the archive's chain.
   */
  before(offsets: readonly number[]): Promise<readonly number[] | null>;
}

const BLOCK_OFFSETS = 65_536;
/** Blocks that one call may ask for. */
const BLOCKS_AT_ONCE = 64;

export function createClockMemo(options: {
  readonly archive: CheckArchive;
  readonly epoch: number;
  readonly partition: number;
  readonly futureMs: number;
}): ClockMemo {
  const { archive, ...of } = options;
  /** By block the clock where it begins. */
  const clocks = [Number.NEGATIVE_INFINITY];
  return {
    async before(offsets) {
      const wanted = Math.floor((offsets.at(-1) ?? 0) / BLOCK_OFFSETS) + 1;
      if (clocks.length < wanted) {
        const first = clocks.length - 1;
        const count = Math.min(BLOCKS_AT_ONCE, wanted - clocks.length);
        const blocks = Array.from({ length: count }, (_, index) => ({
          from: (first + index) * BLOCK_OFFSETS,
          to: (first + index + 1) * BLOCK_OFFSETS,
        }));
        for (const time of await archive.latestTimes(of, blocks)) clocks.push(Math.max(clocks.at(-1) ?? 0, time ?? Number.NEGATIVE_INFINITY));
        if (clocks.length < wanted) return null;
      }
      // From the block's beginning, or from the offset before in the same block.
      const spans = offsets.map((to, index) => {
        const block = Math.floor(to / BLOCK_OFFSETS);
        return { from: Math.max(block * BLOCK_OFFSETS, offsets[index - 1] ?? 0), to, block };
      });
      const times = await archive.latestTimes(of, spans);
      let block = -1;
      let clockMs = Number.NEGATIVE_INFINITY;
      return spans.map((span, index) => {
        if (span.block !== block) clockMs = clocks[span.block] ?? Number.NEGATIVE_INFINITY;
        block = span.block;
        clockMs = Math.max(clockMs, times[index] ?? Number.NEGATIVE_INFINITY);
        return clockMs;
      });
    },
  };
}
