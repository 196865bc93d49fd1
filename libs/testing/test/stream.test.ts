/** The stream for measuring: the same bytes for the same seed, the sizes, names and disorder that it promises, one hot person. */
import { beforeAll, describe, expect, it } from 'vitest';
import { eventStream, type SampleEvent } from '../src/index.ts';

const DAY_MS = 86_400_000;
const OPTIONS = { seed: 3, events: 40_000, people: 2_000, days: 10, endMs: Date.UTC(2025, 5, 30) };

describe('the stream', () => {
  let events: SampleEvent[] = [];
  const share = (test: (event: SampleEvent) => boolean) => events.filter(test).length / events.length;
  beforeAll(() => {
    events = [...eventStream(OPTIONS)];
  });

  it('is the same for the same seed and another for another', () => {
    expect([...eventStream({ ...OPTIONS, events: 2_000 })]).toEqual([...eventStream({ ...OPTIONS, events: 2_000 })]);
    expect([...eventStream({ ...OPTIONS, seed: 4 })][100]).not.toEqual(events[100]);
  });

  it('has exactly the records asked for, of 300 to 400 bytes, with ids of their own but for those that come again', () => {
    expect(events).toHaveLength(OPTIONS.events);
    const sizes = events.map(({ value }) => Buffer.byteLength(value));
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(300);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(400);
    const ids = new Set(events.map(({ value }) => /"messageId":"([^"]+)"/.exec(value)?.[1]));
    expect(ids.size).toBe(events.filter(({ meta }) => meta !== 'duplicate').length);
  });

  it('has twenty names by Zipf, page views first', () => {
    const counts = new Map<string, number>();
    for (const { value } of events) {
      const name = /"event":"([^"]+)"/.exec(value)?.[1] ?? '';
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    const ranked = [...counts].sort(([, a], [, b]) => b - a);
    expect(ranked).toHaveLength(20);
    expect(ranked[0]?.[0]).toBe('Page Viewed');
    expect((ranked[0]?.[1] ?? 0) / (ranked[3]?.[1] ?? 1)).toBeCloseTo(4, 0);
  });

  it('has one person with 5 % of the events, 1 % out of order by hours, 0.1 % late, 0.5 % again', () => {
    expect(share(({ key }) => key === 'customer-0000000')).toBeCloseTo(0.05, 2);
    expect(share(({ meta }) => meta === 'outOfOrder')).toBeCloseTo(0.01, 2);
    expect(share(({ meta }) => meta === 'late')).toBeCloseTo(0.001, 3);
    expect(share(({ meta }) => meta === 'duplicate')).toBeCloseTo(0.005, 3);
  });

  it('means by late, out of order and again what the service means', () => {
    const sent = new Set<string>();
    let clockMs = Number.NEGATIVE_INFINITY;
    for (const { timeMs, meta, value } of events) {
      const isLate = timeMs < clockMs - 7 * DAY_MS;
      expect(meta).toBe(isLate ? 'late' : sent.has(value) ? 'duplicate' : timeMs < clockMs ? 'outOfOrder' : 'plain');
      if (!isLate) clockMs = Math.max(clockMs, timeMs);
      sent.add(value);
    }
  });
});
