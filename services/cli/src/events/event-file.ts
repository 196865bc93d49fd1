/** Reads events from a CSV or NDJSON file, plain or gzipped, in the order of the file, with bounded memory. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { createDecoder } from '@tidemark/codec';
import { Vocabulary } from '@tidemark/core';
import { exitCodes, exitError } from '@tidemark/runtime';
import { readCsvRows } from './csv-rows.ts';
import type { EventMap } from './event-map.ts';
import { readNdjsonLines } from './ndjson-lines.ts';
import type { BadRow, FileEvent } from './rows.ts';

export type EventFileFormat = 'csv' | 'ndjson';

export interface EventFileOptions {
  readonly path: string;
  /** Of a CSV file. */
  readonly map: EventMap;
  /** Default: by the name's ending, else by the first character. */
  readonly format?: EventFileFormat | undefined;
  readonly onBadRow: (row: BadRow) => void;
}

const BATCH_EVENTS = 1_000;

/** Yields batches in file order; rows that make no acceptable event go to `onBadRow`. Throws exit errors of one sentence for a file that cannot be read, or does not fit the map. */
export async function* readEventFile(options: EventFileOptions): AsyncGenerator<FileEvent[]> {
  const { path, map } = options;
  const start = await peek(path);
  const fileName = basename(path).replace(/\.gz$/i, '');
  const stream = openStream(path, start);
  const format = options.format ?? formatOf(fileName, start);
  const rows = format === 'csv' ? readCsvRows(stream, { map, fileName, delimiter: /\.tsv$/i.test(fileName) ? '\t' : ',' }) : readNdjsonLines(stream);
  const check = createAcceptance();
  let batch: FileEvent[] = [];
  try {
    for await (const { line, record } of rows) {
      const event = 'reason' in record ? record : check(record.key, record.value);
      if ('reason' in event) options.onBadRow({ file: path, line, reason: event.reason });
      else if (batch.push(event) === BATCH_EVENTS) {
        yield batch;
        batch = [];
      }
    }
  } catch (error) {
    throw exitError(exitCodes.failed, `${path}: ${error instanceof Error ? error.message : String(error)}`, error);
  }
  if (batch.length > 0) yield batch;
}

/** The rules of acceptance are the decoder's, so that nothing is sent that the fold would reject. */
function createAcceptance(): (key: string, value: string | Buffer) => FileEvent | { readonly reason: string } {
  const decoder = createDecoder(new Vocabulary());
  return (key, value) => {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    const event = decoder.decode(Buffer.from(key), bytes);
    if (event === null) return { reason: `no event: ${decoder.reason}` };
    const { timeMs, messageHigh, messageLow } = event;
    return { key, value, timeMs, messageHigh, messageLow };
  };
}

/** The first bytes of a file. */
async function peek(path: string): Promise<Buffer> {
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw exitError(
      exitCodes.failed,
      isAbsent ? `${path}: there is no such file` : `${path}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function isGzip(start: Buffer): boolean {
  return start[0] === 0x1f && start[1] === 0x8b;
}

function openStream(path: string, start: Buffer): Readable {
  const source = createReadStream(path, { highWaterMark: 256 * 1024 });
  if (!isGzip(start)) return source;
  // Either one's failure ends the other; the reader of the result sees it.
  return pipeline(source, createGunzip({ chunkSize: 256 * 1024 }), () => undefined);
}

function formatOf(fileName: string, start: Buffer): EventFileFormat {
  if (/\.(?:ndjson|jsonl|json)$/i.test(fileName)) return 'ndjson';
  if (/\.(?:csv|tsv)$/i.test(fileName)) return 'csv';
  return !isGzip(start) && start.toString('utf8').trimStart().startsWith('{') ? 'ndjson' : 'csv';
}
