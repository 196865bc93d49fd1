/** Token buckets: who may ask how often. Each asker has one, filled at a steady rate up to a burst. */

export interface TokenBuckets {
  /** Takes one token. 0 when there was one, else after how many milliseconds there will be. */
  take(asker: string, nowMs: number): number;
}

/** Askers remembered; beyond it those that asked longest ago are forgotten, which gives them a full bucket. */
const MAX_ASKERS = 20_000;

export function createTokenBuckets({ perSecond, burst }: { perSecond: number; burst: number }): TokenBuckets {
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  return {
    take(asker, nowMs) {
      const known = buckets.get(asker) ?? { tokens: burst, atMs: nowMs };
      const tokens = Math.min(burst, known.tokens + (Math.max(0, nowMs - known.atMs) / 1_000) * perSecond);
      const taken = tokens >= 1;
      // Set anew, so that the map's order is the order of asking.
      buckets.delete(asker);
      buckets.set(asker, { tokens: taken ? tokens - 1 : tokens, atMs: nowMs });
      const [oldest] = buckets.keys();
      if (buckets.size > MAX_ASKERS && oldest !== undefined) buckets.delete(oldest);
      return taken ? 0 : ((1 - tokens) / perSecond) * 1_000;
    },
  };
}
