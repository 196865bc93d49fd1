/** Compares what is served with the SQL recomputation, metric by metric: both sides as flat tables of integers, zeros left out. */
import type { MetricDefinition } from '@tidemark/core';
import { expect } from 'vitest';
import type { Deployment } from './deployment.ts';
import { questionsOf } from './questions.ts';
import { type Scope, sliceColumn, windowFunnelUniques } from './sql-recompute.ts';
import { type Body, hasSql, list, recomputed, servedTable } from './sql-tables.ts';

/** Every metric of the set, its total and the given slices; answers how many integers were compared. */
export async function expectSqlAgrees(
  deployment: Deployment,
  scope: Omit<Scope, 'value'>,
  options: { range: { fromMs: number; toMs: number }; slices: readonly string[] },
): Promise<number> {
  let compared = 0;
  const questions = questionsOf(scope.set, options.range);
  for (const metric of scope.set.metrics.filter(hasSql)) {
    const offered = metric.slices.flat();
    for (const slice of [undefined, ...options.slices.filter((name) => offered.includes(name))]) {
      const bodies: Body[] = [];
      for (const { query, path } of questions.filter((each) => each.metric === metric.id && each.query.slice === slice))
        bodies.push({ ...(await deployment.ask(path)), isByBucket: query.by === 'bucket' });
      const dimension = scope.set.dimensions.find(({ name }) => name === slice);
      const last = String(bodies.at(-1)?.['to']);
      const expected = await recomputed({ ...scope, value: dimension === undefined ? "''" : sliceColumn(dimension) }, metric, last);
      const served = servedTable(metric, bodies);
      expect(served, `${metric.id} by ${slice ?? 'total'}`).toEqual(expected);
      compared += Object.keys(expected).length;
    }
    if (metric.kind === 'funnel') await expectWindowFunnelAgrees(deployment, { ...scope, value: "''" }, { metric, questions });
  }
  return compared;
}

async function expectWindowFunnelAgrees(
  deployment: Deployment,
  scope: Scope,
  asked: { metric: Extract<MetricDefinition, { kind: 'funnel' }>; questions: ReturnType<typeof questionsOf> },
): Promise<void> {
  const whole = asked.questions.find(({ metric, query }) => metric === asked.metric.id && query.slice === undefined && query.by === undefined);
  const { steps } = await deployment.ask(whole?.path ?? '');
  expect(
    list(steps).map(({ uniques }) => uniques),
    `windowFunnel of ${asked.metric.id}`,
  ).toEqual(await windowFunnelUniques(scope, asked.metric));
}
