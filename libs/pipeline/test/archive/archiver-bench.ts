/** An archiver over the twins of log and archive, with a clock that moves when told. */
import { describeEvent } from '@tidemark/codec';
import { type MemoryArchive, MemoryLog, type MemoryMember } from '@tidemark/testing';
import { type ArchiveNote, type ArchiveWriter, type ArchiveWriterOptions, createArchiveWriter } from '../../src/archive/archive-writer.ts';
import { intakeOfRecords } from '../../src/archive/archived-record.ts';
import type { Archive, ArchivedRecord } from '../../src/ports/archive.ts';

/** Time that moves when told, and wakes who sleeps. */
class ManualClock {
  #nowMs = 0;
  #sleepers: { atMs: number; wake: () => void }[] = [];

  monotonicMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) resolve();
      signal?.addEventListener('abort', () => resolve(), { once: true });
      this.#sleepers.push({ atMs: this.#nowMs + ms, wake: resolve });
    });
  }

  /** In small steps, with everything that waits in between. */
  async advance(ms: number): Promise<void> {
    for (const endMs = this.#nowMs + ms; this.#nowMs < endMs; ) {
      this.#nowMs = Math.min(endMs, this.#nowMs + 50);
      const due = this.#sleepers.filter(({ atMs }) => atMs <= this.#nowMs);
      this.#sleepers = this.#sleepers.filter(({ atMs }) => atMs > this.#nowMs);
      for (const { wake } of due) wake();
      await settle();
    }
  }
}

export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export type Changes = Partial<Omit<ArchiveWriterOptions<readonly ArchivedRecord[]>, 'archive'>> & { readonly archive?: Archive };

export interface Bench {
  readonly clock: ManualClock;
  readonly writer: ArchiveWriter;
  readonly member: MemoryMember;
  readonly notes: ArchiveNote[];
  readonly saving: Promise<void>;
}

const benches: Bench[] = [];
/** After each test. */
export async function endBenches(): Promise<void> {
  for (const { writer, member, clock } of benches.splice(0)) {
    const stopped = writer.stop();
    await clock.advance(20_000);
    await stopped;
    await member.stop();
  }
}

export async function archiver(log: MemoryLog, memory: MemoryArchive, { archive = memory.archive, ...changes }: Changes = {}): Promise<Bench> {
  const clock = new ManualClock();
  const notes: ArchiveNote[] = [];
  const member = log.member();
  const base = {
    archive: intakeOfRecords(archive, describeEvent),
    log: member,
    epoch: 3,
    chunkRecords: 10,
    clock,
    onNote: (note: ArchiveNote) => notes.push(note),
  };
  const writer = createArchiveWriter({ ...base, ...changes });
  const saving = writer.run();
  saving.catch(() => undefined);
  member.run(writer.handler).catch(() => undefined);
  await settle();
  const bench = { clock, writer, member, notes, saving };
  benches.push(bench);
  return bench;
}

export function event(id: string, user = 'u1'): { timestampMs: number; key: Buffer; value: Buffer } {
  const body = { type: 'track', event: 'opened', userId: user, messageId: id, timestamp: '2026-01-01T00:00:00.000Z' };
  return { timestampMs: 1_000, key: Buffer.from(user), value: Buffer.from(JSON.stringify(body)) };
}

export function filled(count: number, partitionCount = 1): MemoryLog {
  const log = new MemoryLog({ partitionCount });
  for (let index = 0; index < count; index += 1) log.append(index % partitionCount, event(`m${index}`));
  return log;
}

export const offsetsOf = (memory: MemoryArchive, partition = 0): number[] => memory.recordsOf(3, partition).map(({ offset }) => offset);
export const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);
