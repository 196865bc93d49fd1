/** The worked examples of the oracle, of every kind, asked of the engine as well: it must say the same. */
import { expect } from 'vitest';
import type { MetricDefinition } from '../../src/definition.ts';
import { recompute } from '../../src/recompute/recompute.ts';
import { type Asked, answerOf as oracle, questionOf } from '../recompute/examples.ts';
import { foldedAnswer } from './folded.ts';

/** As the oracle answers, after the engine has given the same answer. */
export const answerOf: typeof oracle = {
  retention: (metric, asked) => oracle.retention(compared(metric, asked), asked),
  activation: (metric, asked) => oracle.activation(compared(metric, asked), asked),
  funnel: (metric, asked) => oracle.funnel(compared(metric, asked), asked),
  activity: (metric, asked) => oracle.activity(compared(metric, asked), asked),
  activitySlices: (metric, asked) => oracle.activitySlices(compared(metric, asked), asked),
  kpi: (metric, asked) => oracle.kpi(compared(metric, asked), asked),
  kpiSlices: (metric, asked) => oracle.kpiSlices(compared(metric, asked), asked),
};

function compared<D extends MetricDefinition>(metric: D, asked: Asked): D {
  const { set, request, clock } = questionOf(metric, asked);
  expect(foldedAnswer(metric, asked)).toEqual(recompute(set, metric, asked.events, request, clock));
  return metric;
}
