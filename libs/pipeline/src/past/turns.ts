/** Lets a bounded number of reads run at once; the others wait in the order of their coming. */

export type InTurn = <T>(run: () => Promise<T>) => Promise<T>;

export function createTurns(limit: number): InTurn {
  let free = limit;
  const waiting: (() => void)[] = [];
  return async (run) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await run();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}
