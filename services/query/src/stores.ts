/** Readers of stores that may not be there yet: the service starts without them and connects when they come. */
import { type CellReader, type ExplainArchive, type LineageJournal, type OutcomeTrail, StoreUnavailable } from '@tidemark/pipeline';

/** Something that is made of a connection, which comes and goes with its store. */
export interface Reconnecting<Port> {
  /** Throws StoreUnavailable while there is no connection. */
  connected(): Promise<Port>;
  close(): Promise<void>;
}

/** A failed attempt answers for this long, so that a poll five times a second is no storm of connections. */
const ATTEMPT_EVERY_MS = 500;

/**
 * Connects at the first call, and again after a failed attempt. Until then every call throws StoreUnavailable with the reason, also for
 * failures that need an operator (a wrong password, an eviction policy): they may be mended while the service runs.
 */
export function reconnecting<Port>(options: {
  name: string;
  connect(): Promise<{ readonly port: Port; close(): Promise<void> }>;
  nowMs(): number;
}): Reconnecting<Port> {
  const { name, connect, nowMs } = options;
  let connection: { readonly port: Port; close(): Promise<void> } | null = null;
  let connecting: Promise<Port> | null = null;
  let failed: { atMs: number; error: StoreUnavailable } | null = null;
  let closed = false;

  const attempt = async (): Promise<Port> => {
    try {
      const made = await connect();
      if (closed) {
        await made.close();
        throw new StoreUnavailable(name, 'the service is stopping');
      }
      connection = made;
      return made.port;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const unavailable = error instanceof StoreUnavailable ? error : new StoreUnavailable(name, message, { cause: error });
      failed = { atMs: nowMs(), error: unavailable };
      throw unavailable;
    }
  };
  return {
    connected: async () => {
      if (connection !== null) return connection.port;
      if (closed) throw new StoreUnavailable(name, 'the service is stopping');
      if (failed !== null && nowMs() - failed.atMs < ATTEMPT_EVERY_MS) throw failed.error;
      connecting ??= attempt().finally(() => {
        connecting = null;
      });
      return await connecting;
    },
    close: async () => {
      closed = true;
      await connecting?.catch(() => {});
      await connection?.close();
      connection = null;
    },
  };
}

export function readerOver(name: CellReader['name'], connected: () => Promise<CellReader>): CellReader {
  return {
    name,
    heads: async (lineage, partitions) => (await connected()).heads(lineage, partitions),
    read: async (lineage, partitions, ranges, since) => (await connected()).read(lineage, partitions, ranges, since),
  };
}

export function trailOver(connected: () => Promise<OutcomeTrail>): OutcomeTrail {
  return {
    want: async (lineage, options) => (await connected()).want(lineage, options),
    isWanted: async (lineage) => (await connected()).isWanted(lineage),
    append: async (lineage, partition, records) => (await connected()).append(lineage, partition, records),
    read: async (lineage, partitions, options) => (await connected()).read(lineage, partitions, options),
  };
}

export function archiveOver(connected: () => Promise<ExplainArchive>): ExplainArchive {
  return {
    recordsOfActor: async (page) => (await connected()).recordsOfActor(page),
    position: async (partition) => (await connected()).position(partition),
    latestTimes: async (of, spans) => (await connected()).latestTimes(of, spans),
  };
}

export function journalOver(connected: () => Promise<LineageJournal>): LineageJournal {
  return {
    read: async () => (await connected()).read(),
    append: async (entry) => (await connected()).append(entry),
  };
}
