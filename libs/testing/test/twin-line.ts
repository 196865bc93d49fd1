/** A line to a twin, which loses what a real one may lose between a caller and its store. */
import type { Fate, Intercept, StoreCall } from '@tidemark/testing';
import type { Line } from '@tidemark/testing/contracts';

export interface TwinLine extends Line {
  /** The same port, at the far end of the line. */
  over<Port extends object>(memory: { intercept: Intercept | undefined }, port: Port): Port;
}

/** Held calls arrive at `release`, long after their callers were told that nothing is known. */
export function createTwinLine(): TwinLine {
  let fate: Fate = 'apply';
  const held: StoreCall[] = [];
  const intercept: Intercept = (call) => {
    if (fate === 'lose') held.push(call);
    return fate;
  };
  return {
    over: (memory, port) =>
      new Proxy(port, {
        get: (target, name) => {
          const member: unknown = Reflect.get(target, name);
          if (typeof member !== 'function') return member;
          return (...given: unknown[]) => {
            // A twin asks its interceptor at once: other callers of it are not concerned.
            memory.intercept = intercept;
            try {
              return Reflect.apply(member, target, given);
            } finally {
              memory.intercept = undefined;
            }
          };
        },
      }),
    swallowReplies: () => {
      fate = 'lose_reply';
    },
    holdRequests: () => {
      fate = 'lose';
    },
    release: async () => {
      fate = 'apply';
      for (const call of held.splice(0)) call.apply();
    },
  };
}
