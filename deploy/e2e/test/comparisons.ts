/** What every disturbed run must equal: the undisturbed fold, in both stores, and an archive that holds each record once. */
import { expect } from 'vitest';
import type { Deployment } from './deployment.ts';
import type { Oracle } from './oracle.ts';
import { figuresOf, questionsOf } from './questions.ts';

/** All answers about the range, from Redis and from ClickHouse; answers how many were compared. */
export async function expectFiguresOf(deployment: Deployment, oracle: Oracle, range: { fromMs: number; toMs: number }): Promise<number> {
  const questions = questionsOf(oracle.set, range);
  for (const { metric, query, path } of questions) {
    const asked = [deployment.ask(path, 'both'), deployment.ask(path, 'table')];
    const expected = oracle.answer(metric, query);
    for (const [index, served] of (await Promise.all(asked)).entries()) {
      const source = index === 0 ? 'redis' : 'clickhouse';
      expect(figuresOf(served), `${path} from ${source}`).toEqual(figuresOf({ ...expected }));
      expect(served['asOf'], path).toMatchObject({ source, watermark: expected.asOf.watermark, positions: expected.asOf.positions, halted: [] });
    }
  }
  return questions.length;
}

/** Every record of the log once, byte counts and chain unbroken, in every partition. */
export async function expectWholeArchive(deployment: Deployment): Promise<void> {
  const ends = await deployment.logEnds();
  const counted = await deployment.clickhouse.select(
    'SELECT partition, count(), uniqExact(offset), min(offset), max(offset) + 1 FROM events FINAL GROUP BY partition ORDER BY partition',
  );
  const byPartition = Object.entries(ends).filter(([, end]) => end !== '0');
  expect(counted.map((row) => row.map(Number))).toEqual(
    byPartition.map(([partition, end]) => [Number(partition), Number(end), Number(end), 0, Number(end)]),
  );
  for (const [partition, end] of byPartition) {
    const chunks = await deployment.clickhouse.select(
      'SELECT from_offset, to_offset, max(count) FROM archive_chunks WHERE partition = {partition:UInt16} GROUP BY from_offset, to_offset ORDER BY from_offset, to_offset',
      { partition: Number(partition) },
    );
    let reached = 0;
    for (const [from, to, count] of chunks) {
      expect(Number(from), `a hole in the chain of partition ${partition}`).toBeLessThanOrEqual(reached);
      expect(Number(count)).toBe(Number(to) - Number(from));
      reached = Math.max(reached, Number(to));
    }
    expect(reached).toBe(Number(end));
  }
}
