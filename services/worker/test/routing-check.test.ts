// Readiness says so when producers put actors on other partitions than the namespace's partitioner gives.
import { describe, expect, it } from 'vitest';
import { createRoutingCheck } from '../src/routing-check.ts';

const MINUTE_MS = 60_000;
const status = (read: number, misrouted: number) => [{ lineage: 'l', partition: 0, counters: { read, misrouted } }];

describe('the check of the partitioner', () => {
  it('is red above a tenth of a percent, and names the likely producer', () => {
    const check = createRoutingCheck('murmur2');
    expect(check(status(10_000, 10), 0)).toEqual({
      name: 'partitioner',
      ok: true,
      detail: '10 of 10000 records on another partition than murmur2 gives',
    });
    const { ok, detail } = check(status(20_000, 21), MINUTE_MS);
    expect(ok).toBe(false);
    expect(detail).toMatch(/^0\.\d+ % of 20000 records are on another partition than murmur2 gives and are not counted: probably from librdkafka/);
  });

  it('says nothing of a few records', () => {
    expect(createRoutingCheck('crc32')(status(999, 500), 0).ok).toBe(true);
  });

  it('is green again ten minutes after the last one', () => {
    const check = createRoutingCheck('crc32');
    expect(check(status(2_000, 1_000), 0).ok).toBe(false);
    expect(check(status(4_000, 1_000), 5 * MINUTE_MS).ok).toBe(true);
    expect(check(status(6_000, 1_500), 6 * MINUTE_MS).ok).toBe(false);
    expect(check(status(8_000, 1_500), 10 * MINUTE_MS).ok).toBe(false);
    expect(check(status(90_000, 1_500), 15 * MINUTE_MS).ok).toBe(true);
  });
});
