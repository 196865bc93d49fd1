/** What lies in `schemas/metrics/`: the committed JSON Schema and the shipped sets. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { describeMetric, estimateBound, metricSetJsonSchemaText } from '../src/index.ts';
import { accepted } from './accepted.ts';

const folder = new URL('../../../schemas/metrics/', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, folder), 'utf8');

it('the committed JSON Schema is the one the zod schemas give (npm run -w @tidemark/definitions schema)', () => {
  expect(read('metric-set.schema.json')).toBe(metricSetJsonSchemaText());
});

describe.each(['auto-cabinet.yaml', 'cdnow.yaml', 'map-constructor.yaml', 'saas-lifecycle.yaml'])('%s', (name) => {
  const set = accepted(read(name), name);

  it('is right, named like its file, and gives every metric a title, a description and an owner', () => {
    expect(set.name).toBe(name.replace('.yaml', ''));
    expect(set.metrics.filter(({ title, description, owner }) => !title || !description || !owner)).toEqual([]);
  });

  it('says every metric in one sentence with its zone', () => {
    // A dot that nothing follows ends it; those of numbers and of fields that formulas name do not.
    for (const metric of set.metrics) expect(describeMetric(metric)).toMatch(new RegExp(`^([^.]|\\.(?=\\S))*${set.timezone}([^.]|\\.(?=\\S))*\\.$`));
  });

  it('stays within 200,000 cells a bucket, histograms at their fullest', () => {
    expect(set.metrics.filter((metric) => estimateBound(metric, set.dimensions).cellsPerBucket > 200_000)).toEqual([]);
  });
});

it.each(['auto-cabinet.yaml', 'map-constructor.yaml', 'saas-lifecycle.yaml'])('%s has every kind, and a board that fits on a screen', (name) => {
  const set = accepted(read(name), name);
  expect(new Set(set.metrics.map(({ kind }) => kind))).toEqual(new Set(['retention', 'funnel', 'activation', 'activity', 'kpi']));
  expect(set.metrics.length).toBeGreaterThanOrEqual(12);
  expect(set.board.length).toBeLessThanOrEqual(12);
});
