// Which lineage of a set a verification looks at: the one that begins with the log, or the one that is served and was built from the archive.
import { DEFAULT_SETTINGS, lineageOf } from '@tidemark/core';
import { parseMetricSet } from '@tidemark/definitions';
import { expect, test } from 'vitest';
import { chooseSets } from '../../src/verify/chosen-sets.ts';

const TEXT = `name: shop
metrics:
  - { id: orders, kind: kpi, measure: { count: Ordered } }
  - { id: people, kind: activity, event: Ordered }
`;
const parsed = parseMetricSet(TEXT, { file: 'shop.yaml' });
if (!parsed.ok) throw new Error('the set does not parse');
const { set } = parsed;
const wanted = { sets: [], settings: DEFAULT_SETTINGS };
const origin = 'archive:1:12,7';
const lineage = lineageOf(set, DEFAULT_SETTINGS, origin);

test('a set begins with the log unless what is served of these very definitions has another past', () => {
  const fromLog = { set, lineage: lineageOf(set, DEFAULT_SETTINGS), origin: 'log' };
  expect(chooseSets([set], { ...wanted, served: [] })).toEqual([fromLog]);
  expect(chooseSets([set], { ...wanted, served: [{ lineage: 'ffffffffffffffff', origin }] })).toEqual([fromLog]);
  const served = [{ lineage, origin, set: 'shop', files: [] }];
  expect(chooseSets([set], { ...wanted, served })).toEqual([{ set, lineage, origin }]);
  expect(chooseSets([set], { ...wanted, metric: 'people', served })).toEqual([{ set, lineage, origin, metrics: ['people'] }]);
});
