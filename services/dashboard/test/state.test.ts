// State that pages rely on: what the URL says, what has changed since a page was opened, how fresh figures are in words.
import { describe, expect, it } from 'vitest';
import { Changes } from '../src/data/changes.ts';
import { freshness, type Partition } from '../src/data/freshness.ts';
import { choice, date, flag, list, optionalText, readState, text, whole, writeState } from '../src/route/codec.ts';

describe('the state in the URL', () => {
  const controls = {
    show: choice('on', 'after'),
    counts: flag(),
    columns: whole(30, { min: 1, max: 90 }),
    from: date(),
    picked: list(),
    value: optionalText(),
    words: text(),
  } as const;
  const read = (query: string) => readState(controls, new URLSearchParams(query));
  const write = (state: object): string => {
    const search = new URLSearchParams();
    writeState(controls, { ...read(''), ...state }, search);
    return search.toString();
  };

  it('comes back as it went in', () => {
    const state = { show: 'after', counts: true, columns: 7, from: '2026-11-01', picked: ['a,b', '%', ''], value: '', words: 'x&y=z' } as const;
    expect(read(write(state))).toEqual(state);
  });

  it('leaves out what is the default', () => {
    expect(write({})).toBe('');
    expect(write({ counts: true })).toBe('counts=1');
  });

  it('is the default where it is not understood', () => {
    expect(read('show=never&counts=maybe&columns=1e9&from=yesterday&picked=%25E0%25A4')).toEqual(read(''));
  });
});

describe('changes since the page was opened', () => {
  const body = (retained: number, more: readonly object[] = []) => ({
    asOf: { watermark: String(retained) },
    cohorts: [{ cohort: '2026-11-01', value: 'ads', size: 10, cells: [{ k: 1, retained, complete: false }] }, ...more],
  });

  it('are found by a name that stays when buckets come and go', () => {
    const changes = new Changes(body(4));
    changes.update({ ...body(5), cohorts: [{ cohort: '2026-11-02', value: 'ads', size: 1, cells: [] }, ...body(5).cohorts] }, 1_000);
    expect(changes.of('cohorts.ads|2026-11-01.cells.1.retained')).toEqual({ from: 4, to: 5, atMs: 1_000 });
    expect(changes.of('cohorts.ads|2026-11-01.size')).toBeNull();
    expect(changes.size).toBe(1);
  });

  it('go on from what was there at first, and vanish when it is back', () => {
    const changes = new Changes(body(4));
    changes.update(body(5), 1_000);
    changes.update(body(7), 2_000);
    expect(changes.of('cohorts.ads|2026-11-01.cells.1.retained')).toEqual({ from: 4, to: 7, atMs: 2_000 });
    changes.update(body(4), 3_000);
    expect(changes.size).toBe(0);
  });

  it('tell a kpi’s own value from a slice’s', () => {
    const changes = new Changes({ buckets: [{ bucket: '2026-11-01', value: '10', count: 1 }] });
    changes.update({ buckets: [{ bucket: '2026-11-01', value: '12', count: 2 }] }, 1_000);
    expect(changes.of('buckets.2026-11-01.value')).toEqual({ from: '10', to: '12', atMs: 1_000 });
  });
});

describe('how fresh figures are', () => {
  const nowMs = Date.UTC(2026, 10, 21, 18);
  const partition = (facts: { confirmedS: number; publishedS?: number; halted?: string }): Partition => {
    const at = (seconds: number): string => new Date(nowMs - seconds * 1_000).toISOString();
    const head = { position: '5', open: false, publishedAt: at(facts.publishedS ?? facts.confirmedS), confirmedAt: at(facts.confirmedS) };
    return { partition: 3, position: '5', clock: null, source: 'redis', halted: facts.halted ?? null, heads: { redis: head, clickhouse: null } };
  };
  const words = (of: Partition | null, connection: Parameters<typeof freshness>[0]['connection'] = { state: 'live' }): string =>
    freshness({ connection, partitions: of === null ? null : [of], asOf: null, nowMs }).words.replaceAll('\u202f', ' ');

  it('is said in words', () => {
    expect(words(partition({ confirmedS: 0.4 }))).toBe('live, 0.4 s behind');
    expect(words(partition({ confirmedS: 0.4 }), { state: 'polling' })).toBe('polling, 0.4 s behind');
    expect(words(partition({ confirmedS: 120, publishedS: 1 }))).toBe('catching up, 2 min behind');
    expect(words(partition({ confirmedS: 600 }))).toMatch(/^stale since \d\d:\d\d$/);
    expect(words(partition({ confirmedS: 1, halted: 'the log was rewritten' }))).toBe('partition 3 halted');
    expect(words(null)).toBe('asking for figures');
    expect(words(partition({ confirmedS: 1 }), { state: 'offline', sinceMs: nowMs, retryAtMs: nowMs })).toMatch(/^offline since \d\d:\d\d$/);
  });
});
