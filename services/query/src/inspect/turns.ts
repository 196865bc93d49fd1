/** One after the other: what is dear waits for its turn, and a long line is not joined. */
import { Problem } from '../problems.ts';

export interface Turns {
  /** Throws a Problem when too many wait. */
  take<Answer>(run: () => Promise<Answer>): Promise<Answer>;
}

export function createTurns({ maxWaiting }: { maxWaiting: number }): Turns {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return {
    async take(run) {
      if (waiting >= maxWaiting) throw new Problem('unavailable', 'too many such questions wait already', { headers: { 'retry-after': '5' } });
      waiting++;
      const turn = last.then(run).finally(() => {
        waiting--;
      });
      last = turn.catch(() => {});
      return await turn;
    },
  };
}
