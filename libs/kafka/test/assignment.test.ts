// What may be fetched, handed over and dropped, with the client's side written down instead of a broker.
import type { LogBatch, LogHandler } from '@tidemark/pipeline';
import { memoryBatch } from '@tidemark/testing';
import { describe, expect, it } from 'vitest';
import { type Assignment, createAssignment, type DeliveredBatch } from '../src/assignment.ts';

interface Scene {
  readonly assignment: Assignment;
  /** What the client was told, in order. */
  readonly told: string[];
  /** What the handler was told, in order. */
  readonly heard: string[];
  readonly faults: unknown[];
  /** Answers the oldest open question of `assigned` for a partition. */
  answer(partition: number, offset: number | null): Promise<void>;
}

function scene(onBatch: (assignment: Assignment) => void = () => {}): Scene {
  const told: string[] = [];
  const heard: string[] = [];
  const faults: unknown[] = [];
  const questions = new Map<number, ((offset: number | null) => void)[]>();
  const handler: LogHandler = {
    assigned: (partition) => {
      heard.push(`assigned ${partition}`);
      return new Promise((resolve) => questions.set(partition, [...(questions.get(partition) ?? []), resolve]));
    },
    revoked: (partition) => heard.push(`revoked ${partition}`),
    batch: (batch) => {
      const records = batch.length === 0 ? 'nothing' : `${batch.offset(0)}..${batch.offset(batch.length - 1)}`;
      heard.push(`batch ${batch.partition} from ${batch.requestedOffset}: ${records}${nextIsBehind(batch) ? '' : `, next ${batch.nextOffset}`}`);
      onBatch(assignment);
    },
  };
  const assignment = createAssignment(
    handler,
    {
      pause: (partition) => told.push(`pause ${partition}`),
      resume: (partition) => told.push(`resume ${partition}`),
      seek: (partition, offset) => told.push(`seek ${partition} ${offset}`),
      commit: (partition, offset) => told.push(`commit ${partition} ${offset}`),
    },
    (error) => faults.push(error),
  );
  const answer = async (partition: number, offset: number | null): Promise<void> => {
    await settle();
    questions.get(partition)?.shift()?.(offset);
    await settle();
  };
  return { assignment, told, heard, faults, answer };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function nextIsBehind(batch: LogBatch): boolean {
  return batch.length > 0 && batch.nextOffset === batch.offset(batch.length - 1) + 1;
}

/** The records of a range of offsets; `lastOffset`: of those that are not handed over, when some follow. */
function delivered(from: number, to: number, changes: Partial<DeliveredBatch> & { readonly lastOffset?: number } = {}): DeliveredBatch {
  const { lastOffset = to, ...rest } = changes;
  const records = Array.from({ length: to - from + 1 }, (_, index) => ({
    offset: from + index,
    timestampMs: 1,
    key: null,
    value: null,
    control: false,
  }));
  const read = (requestedOffset: number): LogBatch =>
    memoryBatch({ partition: 0, records, requestedOffset, highWatermark: 1_000, nextOffset: lastOffset + 1 });
  return { partition: 0, fetchedOffset: from, read, isStale: () => false, ...rest };
}

/** Offsets of which no record is handed over. */
function unseen(from: number, to: number): DeliveredBatch {
  return { ...delivered(from, from - 1, { lastOffset: to }), fetchedOffset: from };
}

describe('an assignment', () => {
  it('pauses a partition before its first fetch, then seeks and resumes where the handler says', async () => {
    const { assignment, told, heard, answer } = scene();
    assignment.joined([0, 1]);
    expect(told).toEqual(['pause 0', 'pause 1']);
    await answer(0, 7);
    expect(told).toEqual(['pause 0', 'pause 1', 'seek 0 7', 'resume 0']);
    await answer(1, null);
    expect(told).toHaveLength(4);
    expect(heard).toEqual(['assigned 0', 'assigned 1']);
  });

  it('drops batches that are loading, not ours, paused or stale, and lets the client fetch them again', async () => {
    const { assignment, heard, answer } = scene();
    assignment.joined([0]);
    expect(assignment.deliver(delivered(0, 4))).toBe(false);
    expect(assignment.deliver(delivered(0, 4, { partition: 3 }))).toBe(false);
    await answer(0, 0);
    expect(assignment.deliver(delivered(0, 4, { isStale: () => true }))).toBe(false);
    assignment.control(0, { pause: true });
    expect(assignment.deliver(delivered(0, 4))).toBe(false);
    assignment.control(0, { resume: true });
    expect(assignment.deliver(delivered(0, 4))).toBe(true);
    expect(heard.at(-1)).toBe('batch 0 from 0: 0..4');
  });

  it('seeks anew at every join, and an answer to an earlier join changes nothing', async () => {
    const { assignment, told, heard, answer } = scene();
    assignment.joined([0]);
    await settle();
    assignment.joined([0]);
    await answer(0, 3);
    expect(told.filter((call) => call.startsWith('seek'))).toEqual([]);
    await answer(0, 5);
    expect(told).toEqual(['pause 0', 'pause 0', 'seek 0 5', 'resume 0']);
    expect(heard).toEqual(['assigned 0', 'assigned 0']);
  });

  it('asks once at a time, and not at all for a join that another one overtook', async () => {
    const { assignment, heard, answer } = scene();
    assignment.joined([0]);
    await settle();
    assignment.joined([0]);
    assignment.joined([0]);
    await settle();
    expect(heard).toEqual(['assigned 0']);
    await answer(0, 1);
    expect(heard).toEqual(['assigned 0', 'assigned 0']);
  });

  it('revokes what another join does not name, and forgets its pause', async () => {
    const { assignment, told, heard, answer } = scene();
    assignment.joined([0, 1]);
    await answer(0, 0);
    await answer(1, 0);
    assignment.control(1, { pause: true });
    assignment.joined([0]);
    expect(heard.at(-1)).toBe('revoked 1');
    expect(assignment.deliver(delivered(0, 1, { partition: 1 }))).toBe(false);
    await answer(0, 0);
    assignment.joined([0, 1]);
    await answer(1, 4);
    expect(told.slice(-2)).toEqual(['seek 1 4', 'resume 1']);
    assignment.ended();
    expect(heard.slice(-2)).toEqual(['revoked 0', 'revoked 1']);
  });

  it('keeps a pause of the handler over a join', async () => {
    const { assignment, told, answer } = scene();
    assignment.joined([0]);
    await answer(0, 0);
    assignment.control(0, { pause: true });
    assignment.joined([0]);
    await answer(0, 9);
    expect(told.at(-1)).toBe('seek 0 9');
    assignment.control(0, { resume: true });
    expect(told.at(-1)).toBe('resume 0');
  });

  it('says which position a batch continues, and shows a jump of the client', async () => {
    const { assignment, heard, answer } = scene();
    assignment.joined([0]);
    await answer(0, 10);
    // The last two offsets are markers that are not handed over.
    assignment.deliver(delivered(10, 14, { lastOffset: 16 }));
    assignment.deliver(delivered(17, 19));
    expect(assignment.deliver(unseen(20, 25))).toBe(true);
    assignment.deliver(delivered(26, 27));
    assignment.deliver(delivered(500, 501));
    assignment.deliver(delivered(2, 3));
    expect(heard.slice(1)).toEqual([
      'batch 0 from 10: 10..14, next 17',
      'batch 0 from 15: 17..19',
      'batch 0 from 20: nothing, next 26',
      'batch 0 from 20: 26..27',
      'batch 0 from 500: 500..501',
      'batch 0 from 2: 2..3',
    ]);
  });

  it('shows a jump that landed on records which are never handed over', async () => {
    const { assignment, heard, answer } = scene();
    assignment.joined([0]);
    await answer(0, 10);
    expect(assignment.deliver(unseen(40, 45))).toBe(true);
    expect(heard).toHaveLength(1);
    assignment.deliver(delivered(46, 47));
    expect(heard.at(-1)).toBe('batch 0 from 46: 46..47');
  });

  it('lets an error of reading through to the client, which ends by it', async () => {
    const { assignment, faults, answer } = scene();
    assignment.joined([0]);
    await answer(0, 0);
    const read = (): never => {
      throw new Error('unreadable');
    };
    expect(() => assignment.deliver(delivered(0, 1, { read }))).toThrow('unreadable');
    expect(faults).toEqual([]);
  });

  it('starts a waiting partition by a seek, but not by a resume', async () => {
    const { assignment, told, answer } = scene();
    assignment.joined([0]);
    await answer(0, null);
    assignment.control(0, { resume: true });
    expect(told).toEqual(['pause 0']);
    assignment.control(0, { seek: 5 });
    expect(told).toEqual(['pause 0', 'seek 0 5', 'resume 0']);
  });

  it('does not resolve a batch during which the handler sought elsewhere', async () => {
    const { assignment, heard, answer } = scene((inside) => inside.control(0, { seek: 2 }));
    assignment.joined([0]);
    await answer(0, 0);
    expect(assignment.deliver(delivered(0, 9))).toBe(false);
    expect(assignment.deliver(delivered(2, 9))).toBe(false);
    expect(heard.at(-1)).toBe('batch 0 from 2: 2..9');
  });

  it('reports a handler that throws instead of throwing into the client', async () => {
    const boom = new Error('boom');
    const { assignment, faults, answer } = scene(() => {
      throw boom;
    });
    assignment.joined([0]);
    await answer(0, 0);
    expect(() => assignment.deliver(delivered(0, 1))).not.toThrow();
    expect(faults).toEqual([boom]);
  });
});
