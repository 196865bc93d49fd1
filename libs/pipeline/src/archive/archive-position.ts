/** Where the archiver of a partition goes on, or why it must not: the end of the chain against the bounds of the log. */
import type { LogBounds } from '../ports/log.ts';

export type ArchivePosition = { readonly from: number } | { readonly halt: string };

/** `chainEnd` null: nothing is archived yet, the chain begins at the log's lowest offset. Nothing is ever skipped in silence. */
export function archivePosition(chainEnd: number | null, bounds: LogBounds | undefined): ArchivePosition {
  if (bounds === undefined) return { halt: 'the log has no such partition' };
  if (chainEnd === null) return { from: bounds.low };
  if (chainEnd < bounds.low)
    return {
      halt: `the log begins at offset ${bounds.low}, but the archive ends at ${chainEnd}: retention has deleted ${bounds.low - chainEnd} offsets before they were archived`,
    };
  if (chainEnd > bounds.high)
    return { halt: `the log ends at offset ${bounds.high}, but the archive at ${chainEnd}: the topic was truncated or re-created, raise the epoch` };
  return { from: chainEnd };
}
