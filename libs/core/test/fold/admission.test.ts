/** Worked examples of which events count at all, and of when a figure is final: repeats, late events, partitions that run apart. */
import { describe, expect, test } from 'vitest';
import type { Answer } from '../../src/answer.ts';
import type { MetricDefinition, MetricSet } from '../../src/definition.ts';
import { DEFAULT_SETTINGS, type FoldSettings } from '../../src/settings.ts';
import { activity, event, funnel, kpi, questionOf, retention, select } from '../recompute/examples.ts';
import { Engine } from './engine.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const count = kpi({ id: 'count' });
const sum = kpi({ id: 'sum', measure: { measure: 'sum', of: select('Paid'), path: ['properties', 'amount'], decimals: 2 } });
const people = activity({ id: 'people', event: select('Paid') });
const paidAgain = retention({ id: 'again', start: select('Paid'), return: select('Paid'), columns: [1] });
const twice = funnel({ id: 'twice', steps: [select('Paid'), select('Paid')] });

/** An engine that is sent events of numbered actors and asked about days of November 2026. */
function engineOf(metrics: readonly MetricDefinition[], settings: Partial<FoldSettings> = {}, partitions = 1) {
  const { set: plain } = questionOf(count, { events: [], from: '2026-11-01', to: '2026-11-01' });
  const set: MetricSet = { ...plain, metrics };
  const engine = new Engine(set, { ...DEFAULT_SETTINGS, latenessMs: DAY_MS, ...settings }, partitions);
  const send = (time: string, of: { actor?: number; id?: string; amount?: number; recordMs?: number; tieHash?: bigint } = {}): void => {
    const { actor = 0, id, amount = 1, recordMs, tieHash } = of;
    const sent = event(String(actor), 'Paid', time, { amount }, { ...(id !== undefined && { id }), ...(tieHash !== undefined && { tieHash }) });
    engine.send({ ...sent, actorNumber: actor, recordMs: recordMs ?? sent.timeMs });
  };
  const ask = (metric: MetricDefinition, from: string, to = from): Answer =>
    engine.answer(metric, questionOf(metric, { events: [], from, to }).request);
  const outcomes = (partition = 0) => engine.folds[partition]?.state.counters.toRecord();
  return { engine, send, ask, outcomes };
}

describe('messageId', () => {
  test('the first offset with a messageId wins: a repeat adds nothing, whatever it says', () => {
    const { send, ask, outcomes } = engineOf([count, sum, people]);
    send('2026-11-01T10:00', { id: 'same', tieHash: 7n, amount: 5 });
    send('2026-11-01T11:00', { id: 'same', tieHash: 7n, amount: 8 });
    send('2026-11-02T11:00', { id: 'same', tieHash: 7n, actor: 1 });
    expect(outcomes()).toMatchObject({ applied: 1, duplicate: 2 });
    expect(ask(count, '2026-11-01', '2026-11-02')).toMatchObject({ total: 1 });
    expect(ask(sum, '2026-11-01', '2026-11-02')).toMatchObject({ total: '5.00' });
    expect(ask(people, '2026-11-01', '2026-11-02')).toMatchObject({ uniques: 1 });
  });

  test('a repeat outside the duplicate window is absorbed by sets, and counted again by counts and sums', () => {
    const { send, ask, outcomes } = engineOf([count, sum, people, paidAgain, twice], { duplicateWindow: 1024 });
    const repeated = { id: 'same', tieHash: 7n, amount: 5 };
    send('2026-11-01T10:00', repeated);
    for (let other = 0; other < 1023; other++) send('2026-11-01T12:00', { actor: 1, amount: 0, tieHash: BigInt(1000 + other) });
    send('2026-11-01T10:00', repeated);
    expect(outcomes()).toMatchObject({ applied: 1024, duplicate: 1 });
    send('2026-11-01T12:00', { actor: 1, amount: 0, tieHash: 5000n });
    const before = [people, paidAgain].map((metric) => ask(metric, '2026-11-01'));
    const entries = ask(twice, '2026-11-01');
    send('2026-11-01T10:00', repeated);
    expect(outcomes()).toMatchObject({ applied: 1026, duplicate: 1 });
    expect(ask(count, '2026-11-01')).toMatchObject({ total: 1026 });
    expect(ask(sum, '2026-11-01')).toMatchObject({ total: '10.00' });
    expect([people, paidAgain].map((metric) => ask(metric, '2026-11-01'))).toEqual(before);
    expect(ask(twice, '2026-11-01')).toEqual(entries);
  });
});

describe('lateness', () => {
  test('an event is on time up to the lateness behind the clock, the bound included', () => {
    const { send, outcomes } = engineOf([count]);
    send('2026-11-03T10:00');
    send('2026-11-02T10:00');
    send('2026-11-02T09:59:59.999');
    expect(outcomes()).toMatchObject({ applied: 2, late: 1 });
  });

  test('a late event changes nothing: what was complete stays as it was', () => {
    const { send, ask, outcomes } = engineOf([count, people]);
    send('2026-11-01T10:00');
    send('2026-11-03T00:00');
    const before = [ask(count, '2026-11-01'), ask(people, '2026-11-01')];
    expect(before).toMatchObject([{ buckets: [{ value: 1, complete: true }] }, { buckets: [{ active: 1, complete: true }] }]);
    send('2026-11-01T12:00', { actor: 1 });
    expect(outcomes()).toMatchObject({ applied: 2, late: 1 });
    expect([ask(count, '2026-11-01'), ask(people, '2026-11-01')]).toEqual(before);
  });

  test('a late event is decided at its offset by its own partition’s clock, whatever the others say', () => {
    const { send, ask, outcomes } = engineOf([count], {}, 2);
    send('2026-11-05T10:00', { actor: 0 });
    send('2026-11-01T10:00', { actor: 1 });
    send('2026-11-01T10:00', { actor: 0 });
    expect([outcomes(0), outcomes(1)]).toMatchObject([
      { applied: 1, late: 1 },
      { applied: 1, late: 0 },
    ]);
    expect(ask(count, '2026-11-01')).toMatchObject({ total: 1 });
  });
});

describe('watermark', () => {
  test('is the smallest partition clock: nothing is complete while one partition lags', () => {
    const { send, ask, engine } = engineOf([count], {}, 2);
    send('2026-11-05T10:00', { actor: 0 });
    send('2026-11-02T23:59:59.999', { actor: 1 });
    expect(engine.watermarkMs).toBe(Date.parse('2026-11-02T23:59:59.999Z'));
    expect(ask(count, '2026-11-01')).toMatchObject({ buckets: [{ complete: false }] });
    send('2026-11-03T00:00', { actor: 1 });
    expect(ask(count, '2026-11-01', '2026-11-02')).toMatchObject({ buckets: [{ complete: true }, { complete: false }] });
  });

  test('an event that lies ahead of its record by more than the allowance does not count and does not move the clock', () => {
    const { send, ask, engine, outcomes } = engineOf([count], { futureMs: HOUR_MS });
    send('2026-11-01T10:00');
    send('2026-11-01T12:00:00.001', { recordMs: Date.parse('2026-11-01T11:00Z') });
    send('2026-11-01T12:00', { recordMs: Date.parse('2026-11-01T11:00Z') });
    expect(outcomes()).toMatchObject({ applied: 2, future: 1 });
    expect(engine.watermarkMs).toBe(Date.parse('2026-11-01T12:00Z'));
    expect(ask(count, '2026-11-01')).toMatchObject({ total: 2 });
  });
});
