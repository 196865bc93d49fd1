/** The worlds beside the cabinet, and all three together: the same bytes for the same seed, numbers as planned, live events that leave the plan alone. */
import { beforeAll, describe, expect, it } from 'vitest';
import { crmHistory, crmLive, mapHistory, mapLive, type SampleEvent, sampleHistory, sampleLive } from '../src/index.ts';

const DAY_MS = 86_400_000;
const END_MS = Date.UTC(2026, 10, 21, 9, 30);
const MAP = { seed: 7, scale: 200, months: 4, endMs: END_MS };
const CRM = { seed: 7, companies: 60, days: 90, events: 8_000, endMs: END_MS };

interface Parsed {
  readonly type: string;
  readonly event?: string;
  readonly messageId: string;
  readonly userId?: string;
  readonly anonymousId?: string;
  readonly timestamp: string;
  readonly properties: { readonly joined?: string; readonly amount?: number; readonly plan: string };
  readonly context: { readonly app: { readonly name: string }; readonly campaign?: { readonly source: string } };
}

function parse({ value }: SampleEvent): Parsed {
  return JSON.parse(value);
}

describe.each([
  { world: 'map constructor', app: 'map-constructor', events: [] as SampleEvent[], read: (seed: number) => mapHistory({ ...MAP, seed }) },
  { world: 'crm', app: 'saas-crm', events: [] as SampleEvent[], read: (seed: number) => crmHistory({ ...CRM, seed }) },
])('history of the $world', ({ app, events, read }) => {
  beforeAll(() => {
    events.push(...read(7));
  });

  it('is the same for the same seed and another for another', () => {
    expect([...read(7)]).toEqual(events);
    expect([...read(8)][100]).not.toEqual(events[100]);
  });

  it('is in time order and ends before its end', () => {
    expect(events.every(({ timeMs }, index) => timeMs < END_MS && timeMs >= (events[index - 1]?.timeMs ?? 0))).toBe(true);
  });

  it('is in the Segment spec, of its own app: an actor that is the key, an id of its own, 300 to 430 bytes', () => {
    const parsed = events.map((sample) => ({ sample, event: parse(sample) }));
    const wrong = parsed.filter(
      ({ sample, event }) =>
        (event.userId ?? event.anonymousId) !== sample.key || Date.parse(event.timestamp) !== sample.timeMs || event.context.app.name !== app,
    );
    expect(wrong).toEqual([]);
    expect(new Set(parsed.map(({ event }) => event.messageId)).size).toBe(events.length);
    const lengths = events.map(({ value }) => value.length);
    expect([Math.min(...lengths) >= 300, Math.max(...lengths) <= 430]).toEqual([true, true]);
  });
});

describe('the map constructor', () => {
  it('tells how people came on their first events only', () => {
    const byName = new Map<string, boolean>();
    for (const sample of mapHistory(MAP)) {
      const { event, type, context } = parse(sample);
      byName.set(event ?? type, context.campaign !== undefined);
    }
    expect([...byName].filter(([, shows]) => shows).map(([name]) => name)).toEqual(['Landing Visited', 'Signed Up']);
  });

  it('goes on live without anybody whom the plan has gone: what the months before tell stays as it was', () => {
    const active = new Set(
      [...mapHistory({ ...MAP, endMs: Date.UTC(2026, 10, 30, 23, 59) })]
        .filter(({ timeMs }) => timeMs >= Date.UTC(2026, 10, 1))
        .map(({ key }) => key),
    );
    const live = mapLive({ seed: 7, scale: MAP.scale, months: MAP.months, historyEndMs: END_MS, eventsPerSecond: 20, startMs: END_MS });
    const samples = Array.from({ length: 600 }, (_, second) => live(END_MS + (second + 1) * 1000)).flat();
    expect(samples.length).toBeGreaterThan(6_000);
    const earlier = samples.filter(
      (sample) => parse(sample).properties.joined?.startsWith('2026-1') === true && parse(sample).properties.joined !== '2026-11',
    );
    expect(earlier.length).toBeGreaterThan(0);
    expect(earlier.filter(({ key }) => !active.has(key))).toEqual([]);
    expect(earlier.filter((sample) => parse(sample).properties.amount !== undefined)).toEqual([]);
    expect(new Set(samples.map(({ meta }) => meta))).toEqual(new Set(['plain', 'outOfOrder', 'duplicate', 'late']));
  });
});

describe('the crm', () => {
  it('comes to about the number of events asked for', () => {
    expect(Math.abs([...crmHistory(CRM)].length / CRM.events - 1)).toBeLessThan(0.08);
  });

  it('is quiet on the days of the holidays, and as busy as ever after them', () => {
    const perDay = new Map<number, number>();
    for (const { timeMs } of crmHistory(CRM)) {
      const daysBefore = Math.ceil((END_MS - timeMs) / DAY_MS);
      perDay.set(daysBefore, (perDay.get(daysBefore) ?? 0) + 1);
    }
    // Wednesday to Friday of three weeks.
    const [before, holidays, after] = [59, 52, 45].map((first) => [0, 1, 2].reduce((sum, day) => sum + (perDay.get(first - day) ?? 0), 0));
    expect(holidays).toBeLessThan((before ?? 0) * 0.35);
    expect(after).toBeGreaterThan((before ?? 0) * 0.7);
  });

  it('goes on live with the history’s customers, visitors and now and then a trial', () => {
    const known = new Set([...crmHistory(CRM)].map(({ key }) => key));
    const live = crmLive({ seed: 7, companies: CRM.companies, days: CRM.days, eventsPerSecond: 20, startMs: END_MS });
    const samples = Array.from({ length: 600 }, (_, second) => live(END_MS + (second + 1) * 1000)).flat();
    expect(Math.abs(samples.length / 12_000 - 1)).toBeLessThan(0.15);
    const names = new Set(samples.map((sample) => parse(sample).event));
    for (const name of ['Site Visited', 'Trial Started', 'Signed In', 'Deal Moved']) expect(names).toContain(name);
    expect(samples.filter(({ key }) => known.has(key)).length / samples.length).toBeGreaterThan(0.6);
  });
});

describe('the three worlds together', () => {
  it('come in one time order, so that no partition’s clock makes another world’s history late', () => {
    let lastMs = 0;
    const counts = new Map<string, number>();
    for (const sample of sampleHistory({ seed: 7, endMs: END_MS })) {
      if (sample.timeMs < lastMs) throw new Error(`${sample.value} comes too late`);
      lastMs = sample.timeMs;
      const app = /"app":\{"name":"([^"]+)"/.exec(sample.value)?.[1] ?? '';
      counts.set(app, (counts.get(app) ?? 0) + 1);
    }
    expect([...counts].map(([app, count]) => [app, Math.round(count / 20_000)]).sort()).toEqual([
      ['cabinet', 10],
      ['map-constructor', 2],
      ['saas-crm', 2],
    ]);
  }, 30_000);

  it('share the live rate, and no two events share an id', () => {
    const live = sampleLive({ seed: 7, endMs: END_MS, eventsPerSecond: 20, startMs: END_MS });
    const samples = Array.from({ length: 300 }, (_, second) => live(END_MS + (second + 1) * 1000)).flat();
    expect(Math.abs(samples.length / 6_000 - 1)).toBeLessThan(0.15);
    const firsts = samples.filter(({ meta }) => meta !== 'duplicate');
    expect(new Set(firsts.map((sample) => parse(sample).messageId)).size).toBe(firsts.length);
    expect(new Set(samples.map((sample) => parse(sample).context.app.name)).size).toBe(3);
  });
});
