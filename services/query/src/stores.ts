/** Readers of stores that may not be there yet: the service starts without them and connects when they come. */
import { type CellReader, StoreUnavailable } from '@tidemark/pipeline';

export interface StoreConnection {
  readonly reader: CellReader;
  close(): Promise<void>;
}

export interface ReconnectingReader extends CellReader {
  close(): Promise<void>;
}

/** A failed attempt answers for this long, so that a poll five times a second is no storm of connections. */
const ATTEMPT_EVERY_MS = 500;

/**
 * A reader that connects at its first call, and again after a failed attempt. Until then every call throws StoreUnavailable with the reason, also for
 * failures that need an operator (a wrong password, an eviction policy): they may be mended while the service runs.
 */
export function reconnectingReader(options: { name: CellReader['name']; connect(): Promise<StoreConnection>; nowMs(): number }): ReconnectingReader {
  const { name, connect, nowMs } = options;
  let connection: StoreConnection | null = null;
  let connecting: Promise<StoreConnection> | null = null;
  let failed: { atMs: number; error: StoreUnavailable } | null = null;
  let closed = false;

  const attempt = async (): Promise<StoreConnection> => {
    try {
      const made = await connect();
      if (closed) {
        await made.close();
        throw new StoreUnavailable(name, 'the service is stopping');
      }
      connection = made;
      return made;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const unavailable = error instanceof StoreUnavailable ? error : new StoreUnavailable(name, message, { cause: error });
      failed = { atMs: nowMs(), error: unavailable };
      throw unavailable;
    }
  };
  const connected = async (): Promise<CellReader> => {
    if (connection !== null) return connection.reader;
    if (closed) throw new StoreUnavailable(name, 'the service is stopping');
    if (failed !== null && nowMs() - failed.atMs < ATTEMPT_EVERY_MS) throw failed.error;
    connecting ??= attempt().finally(() => {
      connecting = null;
    });
    return (await connecting).reader;
  };
  return {
    name,
    heads: async (lineage, partitions) => (await connected()).heads(lineage, partitions),
    read: async (lineage, partitions, ranges) => (await connected()).read(lineage, partitions, ranges),
    close: async () => {
      closed = true;
      await connecting?.catch(() => {});
      await connection?.close();
      connection = null;
    },
  };
}
