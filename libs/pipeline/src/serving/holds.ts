/** Questions to a set that wait for a moment, and go on when the wait is over. */

export interface Holds {
  begin(name: string): void;
  end(name: string): void;
  /** Resolves when none of them (null: nothing at all) is held. */
  passed(names: readonly string[] | null): Promise<void>;
}

interface Hold {
  readonly over: Promise<void>;
  readonly end: () => void;
}

export function createHolds(): Holds {
  const held = new Map<string, Hold>();
  return {
    begin(name) {
      if (held.has(name)) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      held.set(name, { over: promise, end: resolve });
    },
    end(name) {
      held.get(name)?.end();
      held.delete(name);
    },
    async passed(names) {
      for (;;) {
        const own = [...held].filter(([name]) => names === null || names.includes(name));
        if (own.length === 0) return;
        await Promise.all(own.map(([, { over }]) => over));
      }
    },
  };
}
