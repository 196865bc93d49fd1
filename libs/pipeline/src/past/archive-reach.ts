/** How far back the archive reaches below the log's beginning: known from the chain, asked again only where the log has lost more than was known to be archived. */
import type { PartitionArchive } from '../ports/archive.ts';
import type { LogBounds } from '../ports/log.ts';
import { StoreUnavailable } from '../ports/sink.ts';

interface Reach {
  /** Of the unbroken chain; null when nothing is archived. */
  readonly chain: { readonly from: number; readonly to: number } | null;
  /** The log's beginning for which it was asked. */
  readonly low: number;
}

export interface ArchiveReach {
  /** The bounds as if the log began where the archive does. `must`: throws StoreUnavailable rather than answering what was known before. */
  extend(partition: number, bounds: LogBounds, must: boolean): Promise<LogBounds>;
}

export function createArchiveReach(archive: PartitionArchive, epoch: number): ArchiveReach {
  const known = new Map<number, Reach>();
  const lowOf = ({ chain }: Reach, { low }: LogBounds): number => (chain !== null && chain.to >= low ? Math.min(low, chain.from) : low);
  return {
    async extend(partition, bounds, must) {
      // Nothing was deleted, so there is nothing that only the archive has.
      if (bounds.low === 0) return bounds;
      const before = known.get(partition);
      const isEnough = before !== undefined && (before.chain !== null && before.chain.to >= bounds.low ? true : !must && before.low === bounds.low);
      if (isEnough) return { ...bounds, low: lowOf(before, bounds) };
      try {
        const reach = { chain: await archive.chainEnd(epoch, partition), low: bounds.low };
        known.set(partition, reach);
        return { ...bounds, low: lowOf(reach, bounds) };
      } catch (error) {
        if (must || !(error instanceof StoreUnavailable)) throw error;
        return { ...bounds, low: Math.min(bounds.low, before?.chain?.from ?? bounds.low) };
      }
    },
  };
}
