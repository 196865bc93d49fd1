/** What the activation registers remember, and what becomes of an actor beyond the cap of its timeline. */
import { expect, test } from 'vitest';
import type { ActivationDefinition } from '../../src/definition.ts';
import { DEFAULT_SETTINGS } from '../../src/settings.ts';
import { Engine } from '../fold/engine.ts';
import { activation, event, questionOf, select } from '../recompute/examples.ts';

const DAY_MS = 86_400_000;
const november = { from: '2026-11-01', to: '2026-11-01' };
const ever = activation({
  start: select('Start'),
  entry: 'first_matching',
  withinMs: null,
  conditions: [
    { select: select('A'), atLeast: 2 },
    { select: select('B'), atLeast: 1 },
  ],
});

function engineOf(metric: ActivationDefinition, settings: { latenessMs: number; timelineCap?: number }) {
  const { set, request } = questionOf(metric, { events: [], ...november });
  const engine = new Engine(set, { ...DEFAULT_SETTINGS, ...settings });
  const send = (name: string, timeMs: number): void => {
    const sent = event('ann', name, new Date(timeMs).toISOString().slice(0, -1));
    engine.send({ ...sent, actorNumber: 0, recordMs: timeMs });
  };
  const remembered = (): number => engine.folds[0]?.state.timelines[0]?.store.length(0) ?? 0;
  const cohort = () => {
    const answer = engine.answer(metric, request);
    return 'cohorts' in answer ? answer.cohorts[0] : undefined;
  };
  return { engine, send, remembered, cohort };
}

const startMs = Date.UTC(2026, 10, 1);

test('within ever, an actor whose entry is settled is remembered by the first matches that its conditions need, for years', () => {
  const { send, remembered, cohort } = engineOf(ever, { latenessMs: DAY_MS });
  send('Start', startMs);
  for (let day = 1; day < 2000; day++) send('A', startMs + day * DAY_MS);
  expect(remembered()).toBe(2);
  send('B', startMs + 2000 * DAY_MS);
  expect(remembered()).toBe(3);
  expect(cohort()).toMatchObject({ activated: 1, time: { mean: 2000 * 86_400 } });
});

test('of an actor without a start only what a start within the lateness could use is remembered', () => {
  const { send, remembered } = engineOf(ever, { latenessMs: 3 * DAY_MS });
  for (let day = 0; day < 500; day++) send('A', startMs + day * DAY_MS);
  expect(remembered()).toBe(4);
});

test('when an earlier entry arrives in time, matches before the old one count; those that became surplus are forgotten', () => {
  const { send, remembered, cohort } = engineOf(ever, { latenessMs: 3 * DAY_MS });
  send('A', startMs + 2 * 3_600_000);
  send('A', startMs + 3 * 3_600_000);
  send('B', startMs + 4 * 3_600_000);
  send('Start', startMs + 5 * 3_600_000);
  send('A', startMs + 6 * 3_600_000);
  expect(cohort()).toMatchObject({ size: 1, activated: 0, conditions: [{ met: 0 }, { met: 0 }] });
  send('Start', startMs + 3_600_000);
  expect(cohort()).toMatchObject({ size: 1, activated: 1, time: { mean: 3 * 3_600 }, conditions: [{ met: 1 }, { met: 1 }] });
  expect(remembered()).toBe(3);
});

test('matches that arrive latest first push each other out', () => {
  const { send, remembered } = engineOf(ever, { latenessMs: DAY_MS });
  send('Start', startMs);
  for (let hour = 20; hour > 0; hour--) send('A', startMs + hour * 3_600_000);
  expect(remembered()).toBe(2);
});

test('a match at the very end of the window counts as long as it is on time', () => {
  const twice = { ...ever, withinMs: 2 * DAY_MS, conditions: [{ select: select('A'), atLeast: 2 }], required: 1 };
  const { send, cohort } = engineOf(twice, { latenessMs: DAY_MS });
  send('Start', startMs);
  send('A', startMs + DAY_MS);
  send('A', startMs + 3 * DAY_MS);
  send('A', startMs + 2 * DAY_MS);
  expect(cohort()).toMatchObject({ activated: 1, time: { mean: 2 * 86_400 } });
});

test('with a window, an actor of one entry is forgotten once its cohort is over', () => {
  const { send, remembered } = engineOf({ ...ever, withinMs: 10 * DAY_MS }, { latenessMs: DAY_MS });
  send('Start', startMs);
  send('A', startMs + DAY_MS);
  expect(remembered()).toBe(1);
  send('A', startMs + 12 * DAY_MS);
  expect(remembered()).toBe(0);
});

test('beyond the cap of its timeline an actor keeps what its cohorts had come to', () => {
  const every = activation({ conditions: [{ select: select('A'), atLeast: 1 }], withinMs: 30 * DAY_MS });
  const { engine, send, cohort } = engineOf(every, { latenessMs: DAY_MS, timelineCap: 8 });
  send('Start', startMs);
  send('A', startMs + 3_600_000);
  for (let minute = 0; minute < 20; minute++) send('Start', startMs + 7_200_000 + minute * 60_000);
  send('A', startMs + 10_800_000);
  engine.check();
  expect(cohort()).toMatchObject({ size: 1, activated: 1, time: { n: 1, mean: 3_600 } });
  expect(engine.folds[0]?.state.cappedActors.size).toBe(1);
});
