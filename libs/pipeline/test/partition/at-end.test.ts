// Who says that it stands at the end of the log knows where that end is.
import { expect, test } from 'vitest';
import { Bench } from './bench.ts';

test('an owner that does not reach the log any more soon stops saying that it is at its end', async () => {
  const bench = new Bench();
  bench.send({ at: 0 });
  const { worker, member } = await bench.start();
  await bench.settle();
  const [lineage = ''] = worker.lineages;
  const note = (): { atEnd?: boolean } | null => bench.redis.headOf(lineage, 0).note;
  expect(note()?.atEnd).toBe(true);
  const { bounds } = member;
  member.bounds = () => Promise.reject(new Error('away'));
  await bench.clock.advance(6_000);
  expect(note()?.atEnd).toBe(false);
  member.bounds = () => bounds.call(member);
  await bench.clock.advance(3_000);
  expect(note()?.atEnd).toBe(true);
});
