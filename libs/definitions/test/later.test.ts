/** What the language has and the engine not yet: refused at its place, never accepted and ignored. */
import { expect, it } from 'vitest';
import { problems } from './accepted.ts';

const RETENTION = 'id: a, kind: retention, start: x, return: y';
const FUNNEL = 'id: a, kind: funnel, steps: [x, y]';
const HEAD = 'dimensions: { channel: { property: channel }, device: { property: device } }';

it.each([
  [`${RETENTION}, actor: company`, 'actor'],
  ['id: a, kind: revenue', 'kind'],
  ['id: a, kind: usage', 'kind'],
  ['id: a, kind: rfm', 'kind'],
  ['id: a, kind: experiment', 'kind'],
  ['id: a, kind: concentration', 'kind'],
  ['id: a, kind: movers', 'kind'],
])('%s', (written, key) => {
  const found = problems(`${HEAD}\nmetrics: [{ ${written} }]\nboard: []`);
  expect(found.map(({ path, message }) => `${path}: ${message.split(':')[0]}`)).toEqual([`metrics[0].${key}: not supported yet`]);
});

it('what is mistaken beside a later option is still reported', () => {
  const found = problems(`metrics: [{ ${FUNNEL}, actor: company, windw: 3d, slice: [nowhere] }, { id: b, kind: usage }]\nboard: [b.overall.rate]`);
  expect(found.map(({ path }) => path)).toEqual(['metrics[0].actor', 'metrics[0].windw', 'metrics[0].slice[0]', 'metrics[1].kind']);
});
