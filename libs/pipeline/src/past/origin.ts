/** The origin of a lineage whose past was read from the archive in time order: up to which position of each partition. */
import { LOG_ORIGIN } from '../lineages/entry.ts';

export interface ArchiveOrigin {
  readonly epoch: number;
  /** By partition: below is the archive's order, from there on the log's. */
  readonly positions: readonly number[];
}

const ORIGIN = /^archive:(\d+):(\d+(?:,\d+)*)$/;

/** As `lineageOf` takes it. */
export function originOf({ epoch, positions }: ArchiveOrigin): string {
  return `archive:${epoch}:${positions.join(',')}`;
}

/** Whether this release knows how the past of such a lineage is folded. */
export function isOrigin(origin: string): boolean {
  return origin === LOG_ORIGIN || ORIGIN.test(origin);
}

/** Null for the log; throws a RangeError for a text that is no origin. */
export function readOrigin(origin: string): ArchiveOrigin | null {
  if (origin === LOG_ORIGIN) return null;
  const [, epoch, positions] = ORIGIN.exec(origin) ?? [];
  if (epoch === undefined || positions === undefined) throw new RangeError(`${JSON.stringify(origin.slice(0, 100))} is no origin of a lineage`);
  return { epoch: Number(epoch), positions: positions.split(',').map(Number) };
}
