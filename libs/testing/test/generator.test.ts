/** The sample generator: the same bytes for the same seed, in time order, with the shape of real traffic. */
import { beforeAll, describe, expect, it } from 'vitest';
import { cabinetHistory, cabinetLive, type SampleEvent } from '../src/index.ts';

const DAY_MS = 86_400_000;
const END_MS = Date.UTC(2026, 10, 21, 9, 30);
const OPTIONS = { seed: 7, people: 500, days: 60, events: 20_000, endMs: END_MS };

interface Parsed {
  readonly type: string;
  readonly event?: string;
  readonly messageId: string;
  readonly userId?: string;
  readonly anonymousId?: string;
  readonly timestamp: string;
  readonly properties: { readonly channel: string; readonly purchases: string; readonly amount?: number };
}

function parse({ value }: SampleEvent): Parsed {
  return JSON.parse(value);
}

/** Distinct keys that did each event. */
function peopleBy(events: readonly SampleEvent[]): Map<string, Set<string>> {
  const people = new Map<string, Set<string>>();
  for (const sample of events) {
    const { type, event } = parse(sample);
    const name = event ?? type;
    people.set(name, (people.get(name) ?? new Set()).add(sample.key));
  }
  return people;
}

describe('history', () => {
  let events: SampleEvent[] = [];
  beforeAll(() => {
    events = [...cabinetHistory(OPTIONS)];
  });

  it('is the same for the same seed and another for another', () => {
    const bytes = (samples: readonly SampleEvent[]) => samples.map(({ key, value }) => `${key} ${value}\n`).join('');
    expect(bytes([...cabinetHistory(OPTIONS)]) === bytes(events)).toBe(true);
    expect([...cabinetHistory({ ...OPTIONS, seed: 8 })][100]).not.toEqual(events[100]);
  });

  it('comes to about the number of events asked for, within the days asked for, in time order', () => {
    expect(Math.abs(events.length / OPTIONS.events - 1)).toBeLessThan(0.08);
    expect(events[0]?.timeMs).toBeGreaterThanOrEqual(END_MS - 60 * DAY_MS);
    expect(events.at(-1)?.timeMs).toBeLessThan(END_MS);
    expect(events.every(({ timeMs }, index) => index === 0 || timeMs >= (events[index - 1]?.timeMs ?? 0))).toBe(true);
  });

  it('is in the Segment spec: an actor that is the key, an id of its own, the time of the sample, 280 to 420 bytes', () => {
    const ids = new Set<string>();
    const wrong: SampleEvent[] = [];
    for (const sample of events) {
      const { messageId, userId, anonymousId, timestamp } = parse(sample);
      ids.add(messageId);
      if ((userId ?? anonymousId) !== sample.key || Date.parse(timestamp) !== sample.timeMs) wrong.push(sample);
    }
    expect(wrong).toEqual([]);
    const lengths = events.map(({ value }) => value.length);
    expect([Math.min(...lengths) >= 280, Math.max(...lengths) <= 420]).toEqual([true, true]);
    expect(ids.size).toBe(events.length);
    expect(events.every(({ meta }) => meta === 'plain')).toBe(true);
  });

  it('has all kinds of events, a few people without a user id, amounts with two decimals', () => {
    const people = peopleBy(events);
    expect([...people.keys()].sort()).toEqual(
      [
        'Cabinet Opened',
        'Chat Opened',
        'Message Sent',
        'Offer Opened',
        'Offer Shown',
        'Order Completed',
        'Service Booked',
        'Service Visited',
        'Slot Chosen',
      ].concat('Video Report Sent', 'Video Report Viewed', 'Work Approved', 'page'),
    );
    const anonymous = events.filter((sample) => parse(sample).anonymousId !== undefined).length / events.length;
    expect(anonymous).toBeGreaterThan(0.02);
    expect(anonymous).toBeLessThan(0.12);
    const orders = events.filter(({ value }) => value.includes('"Order Completed"'));
    expect(orders.every(({ value }) => /"amount":\d+\.\d\d,/.test(value))).toBe(true);
    expect(new Set(events.map((sample) => parse(sample).properties.purchases))).toEqual(new Set(['none', 'one', 'repeat']));
    expect(new Set(events.map((sample) => parse(sample).properties.channel))).toEqual(new Set(['app', 'web', 'call_centre']));
  });

  it.each([
    [['Cabinet Opened', 'Slot Chosen', 'Service Booked']],
    [['Video Report Sent', 'Video Report Viewed', 'Work Approved']],
    [['Chat Opened', 'Message Sent']],
    [['Offer Shown', 'Offer Opened']],
  ])('loses people at each step of %j', (steps) => {
    const people = peopleBy(events);
    const counts = steps.map((name) => people.get(name)?.size ?? 0);
    expect(counts.every((count, index) => count > 0 && (index === 0 || count < (counts[index - 1] ?? 0)))).toBe(true);
  });

  it('brings between 10 and 60 % of people back after 1, 7, 14 and 30 days, fewer with time', () => {
    const days = new Map<string, Set<number>>();
    for (const { key, timeMs, value } of events) {
      if (value.includes('"Cabinet Opened"')) days.set(key, (days.get(key) ?? new Set()).add(Math.floor((timeMs - END_MS) / DAY_MS)));
    }
    const rates = [1, 7, 14, 30].map((k) => {
      const starts = [...days.values()].flatMap((seen) => [...seen].filter((day) => day + k < 0).map((day) => seen.has(day + k)));
      return starts.filter(Boolean).length / starts.length;
    });
    for (const rate of rates) {
      expect(rate).toBeGreaterThan(0.1);
      expect(rate).toBeLessThan(0.6);
    }
    expect(rates[3]).toBeLessThan(rates[0] ?? 0);
  });

  it('is quiet at night and on Sundays', () => {
    const local = events.map(({ timeMs }) => new Date(timeMs + 4 * 3_600_000));
    const at = (hour: number) => local.filter((date) => date.getUTCHours() === hour).length;
    const on = (weekday: number) => local.filter((date) => date.getUTCDay() === weekday).length;
    expect(at(3)).toBeLessThan(at(18) / 5);
    expect(on(0)).toBeLessThan(on(5) * 0.8);
  });
});

describe('live', () => {
  const LIVE = { seed: 7, people: 500, eventsPerSecond: 40, startMs: END_MS };
  const run = (stepMs: number, totalMs: number) => {
    const live = cabinetLive(LIVE);
    const polls = Array.from({ length: totalMs / stepMs }, (_, index) => ({ nowMs: END_MS + (index + 1) * stepMs }));
    return polls.flatMap(({ nowMs }) => live(nowMs).map((sample) => ({ ...sample, nowMs })));
  };
  const strip = (samples: readonly (SampleEvent & { nowMs: number })[]) => samples.map(({ nowMs: _, ...sample }) => sample);

  it('is the same stream however often it is polled', () => {
    expect(strip(run(250, 60_000))).toEqual(strip(run(15_000, 60_000)));
  });

  it('keeps the rate asked for, and no event is ahead of its time', () => {
    const samples = run(1000, 1_200_000);
    expect(Math.abs(samples.length / 1200 / LIVE.eventsPerSecond - 1)).toBeLessThan(0.1);
    expect(samples.every(({ timeMs, nowMs }) => timeMs <= nowMs)).toBe(true);
  });

  it('has 2 % out of order, 1 % repeated byte for byte, 0.2 % later than seven days, and does not say so in the JSON', () => {
    const samples = run(1000, 1_800_000);
    const share = (meta: SampleEvent['meta']) => samples.filter((sample) => sample.meta === meta).length / samples.length;
    expect(share('outOfOrder')).toBeCloseTo(0.02, 2);
    expect(share('duplicate')).toBeCloseTo(0.01, 2);
    expect(share('late')).toBeGreaterThan(0.001);
    expect(share('late')).toBeLessThan(0.004);
    for (const { meta, timeMs, nowMs } of samples) {
      if (meta === 'late') expect(nowMs - timeMs).toBeGreaterThan(7 * DAY_MS);
      if (meta === 'outOfOrder') expect(nowMs - timeMs).toBeLessThan(7 * DAY_MS);
    }
    const originals = new Set(samples.filter(({ meta }) => meta !== 'duplicate').map(({ value }) => value));
    expect(originals.size).toBe(samples.filter(({ meta }) => meta !== 'duplicate').length);
    expect(samples.filter(({ meta }) => meta === 'duplicate').every(({ value }) => originals.has(value))).toBe(true);
    expect(samples.every(({ value }) => !/meta|late|duplicate|outOfOrder/.test(value))).toBe(true);
  });

  it('goes on with the people of the history, and newcomers', () => {
    const known = new Set([...cabinetHistory(OPTIONS)].map(({ key }) => key));
    const keys = new Set(run(1000, 200_000).map(({ key }) => key));
    const share = [...keys].filter((key) => known.has(key)).length / keys.size;
    expect(share).toBeGreaterThan(0.7);
    expect(share).toBeLessThan(1);
  });

  it('takes up other ids when it is started again', () => {
    const ids = (startMs: number) => cabinetLive({ ...LIVE, startMs })(startMs + 20_000).map((sample) => parse(sample).messageId);
    const before = new Set(ids(END_MS));
    expect(ids(END_MS + 60_000).some((id) => before.has(id))).toBe(false);
  });

  it('does not flood after a long pause', () => {
    const live = cabinetLive(LIVE);
    live(END_MS + 1000);
    const samples = live(END_MS + 3 * DAY_MS);
    expect(samples.length).toBeLessThan(2 * 3600 * LIVE.eventsPerSecond);
    expect(live(END_MS + 3 * DAY_MS + 10_000).length).toBeGreaterThan(100);
  });
});
