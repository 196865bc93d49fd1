/** Work of a lineage that is far behind goes one partition after the other, so that figures that people wait for never wait behind all of it. */

/** In the order in which they came, no more at once than there is room for. */
export interface Turns {
  /** Runs it once there is room: also when what ran before has failed. Answers or throws what it does. */
  take<T>(run: () => Promise<T>): Promise<T>;
}

/** `width`: how many may run at once. */
export function createTurns(width = 1): Turns {
  const waiting: (() => void)[] = [];
  let running = 0;
  return {
    async take(run) {
      if (running < width) running++;
      else await new Promise<void>((begin) => waiting.push(begin));
      try {
        return await run();
      } finally {
        const next = waiting.shift();
        if (next === undefined) running--;
        else next();
      }
    },
  };
}

/** What each partition does on a beat of its own; each kind has its turns, for none of them waits for the others. */
const BEATS = ['redis', 'clickhouse', 'checkpoint'] as const;
export type Beat = (typeof BEATS)[number];

/** Of all partitions of a worker. */
export type BeatTurns = Readonly<Record<Beat, Turns>>;

export function createBeatTurns(): BeatTurns {
  return { redis: createTurns(), clickhouse: createTurns(), checkpoint: createTurns() };
}

interface Partition {
  readonly isFarBehind: () => boolean;
  /** Asked when the turn has come: a partition that has been let go runs nothing any more. */
  readonly isWanted: () => boolean;
}

/** One partition's beats: in turn while it is far behind, and once more for what then waits, which is the most of all. */
export class BeatTaker {
  readonly #turns: BeatTurns;
  readonly #partition: Partition;
  readonly #inTurn = new Set<Beat>();

  constructor(turns: BeatTurns, partition: Partition) {
    this.#turns = turns;
    this.#partition = partition;
  }

  /** What to call on that beat. */
  of(beat: Beat, run: () => Promise<void>): () => Promise<void> {
    const { isFarBehind, isWanted } = this.#partition;
    return async () => {
      if (isFarBehind()) for (const each of BEATS) this.#inTurn.add(each);
      if (!this.#inTurn.has(beat)) return run();
      await this.#turns[beat].take(async () => {
        const isStillBehind = isFarBehind();
        if (isWanted()) await run();
        if (!isStillBehind) this.#inTurn.delete(beat);
      });
    };
  }
}
