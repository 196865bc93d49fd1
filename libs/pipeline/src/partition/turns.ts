/** One after the other, in the order in which they came: for what would only queue in a store that serves one request at a time, before the requests of others. */

export interface Turns {
  /** Runs it when all before it have ended, however they did. */
  take<T>(run: () => Promise<T>): Promise<T>;
}

export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return {
    take(run) {
      const own = last.then(run, run);
      last = own;
      // Whoever took the turn hears of it.
      own.catch(() => undefined);
      return own;
    },
  };
}
