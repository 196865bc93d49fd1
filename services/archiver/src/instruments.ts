/** What the archiver tells: log lines for what an operator should hear of, metrics for the rest, readiness for what stands still. */
import type { ArchiveNote, ArchiveWriter } from '@tidemark/pipeline';
import type { LifecycleLogger, Metrics, ReadyAnswer } from '@tidemark/runtime';

/** The part of a logger that is needed here. */
type NoteLogger = Pick<LifecycleLogger, 'info' | 'error'> & { warn(fields: object, message: string): void };

/** Answers what to hand to the archive writer as `onNote`. A retry is logged once per reason, not per attempt. */
export function createNoteLog(logger: NoteLogger): (note: ArchiveNote) => void {
  let lastReason = '';
  return (note) => {
    if (note.note === 'halted') logger.error(note, `partition ${note.partition} halted: ${note.reason}`);
    else if (note.note === 'reading') logger.info(note, `partition ${note.partition} goes on at offset ${note.from}`);
    else if (note.reason !== lastReason) {
      lastReason = note.reason;
      logger.warn(note, `could not ${note.purpose}, trying again`);
    }
  };
}

/** Values are read when scraped. */
export function registerArchiveMetrics(metrics: Metrics, writer: Pick<ArchiveWriter, 'partitions' | 'totals'>): void {
  let known = new Set<number>();
  // First, because it reads the values of all: metrics are collected in the order in which they were named.
  const records = metrics.counter({
    name: 'archive_records_total',
    help: 'Records archived since the start.',
    collect: () => {
      const totals = writer.totals();
      records.with().setTotal(totals.records);
      chunks.with().setTotal(totals.chunks);
      bytes.with().setTotal(totals.bytes);
      failures.with().setTotal(totals.failures);
      held.with().set(totals.heldBytes);
      const running = writer.partitions().filter((each) => each.halted === null);
      halted.with().set(writer.partitions().length - running.length);
      for (const { partition, archived, high } of running) {
        position.with({ partition }).set(archived);
        lag.with({ partition }).set(Math.max(0, high - archived));
      }
      const now = new Set(running.map(({ partition }) => partition));
      for (const partition of known) {
        if (now.has(partition)) continue;
        position.remove({ partition });
        lag.remove({ partition });
      }
      known = now;
    },
  });
  const chunks = metrics.counter({ name: 'archive_chunks_total', help: 'Chunks added to the chain since the start.' });
  const bytes = metrics.counter({ name: 'archive_bytes_total', help: 'Bytes of keys and values archived since the start.' });
  const failures = metrics.counter({ name: 'archive_failures_total', help: 'Requests to the archive or the log that had to be repeated.' });
  const held = metrics.gauge({ name: 'archive_held_bytes', help: 'Bytes of keys and values read and not yet archived.' });
  const position = metrics.gauge({
    name: 'archive_position',
    help: 'Offset up to which the chain of a partition is unbroken.',
    labels: ['partition'],
  });
  const lag = metrics.gauge({ name: 'archive_lag_records', help: 'Offsets between the chain and the end of the log.', labels: ['partition'] });
  const halted = metrics.gauge({
    name: 'archive_halted_partitions',
    help: 'Partitions that stand still because of something that must not be guessed about.',
  });
}

/** Ready while nothing is halted; an archiver without partitions is ready to take some. */
export function archiveReadiness(writer: ArchiveWriter): ReadyAnswer {
  const partitions = writer.partitions();
  const halted = partitions.flatMap(({ partition, halted: reason }) => (reason === null ? [] : [`partition ${partition}: ${reason}`]));
  const detail = halted.length === 0 ? `${partitions.length} partitions` : halted.join('; ');
  return { checks: [{ name: 'partitions', ok: halted.length === 0, detail }], details: { partitions, totals: writer.totals() } };
}
