// The queries on rollup_cells: every value from outside is a bound parameter, heads and rows come from one statement.
import { versionOf } from '@tidemark/pipeline';
import { describe, expect, test } from 'vitest';
import { cellQuery, partitionRowsOf, rangesCondition } from '../src/cell-query.ts';

const range = { metric: 'm', table: 'slice:country', from: -1, to: 9, sliced: true };

describe('the condition on ranges', () => {
  test('no ranges let no row through', () => {
    expect(rangesCondition([])).toEqual({ text: '0', params: {} });
  });

  test('each range has parameters of its own', () => {
    const { text, params } = rangesCondition([range, { ...range, table: 'total', sliced: false }]);
    expect(text.match(/\bmetric = \{metric\d:String\}/g)).toHaveLength(2);
    expect(params).toEqual({ metric0: 'm', table0: 'slice:country', from0: -1, to0: 9, metric1: 'm', table1: 'total', from1: -1, to1: 9 });
  });

  test('a short value is bound, a long one by length and hash, so that no URL outgrows a server', () => {
    const short = rangesCondition([{ ...range, value: "x' OR 1" }]);
    expect(short.text).toContain('value = {value0:String}');
    expect(short.params['value0']).toBe("x' OR 1");
    const long = rangesCondition([{ ...range, value: '漢'.repeat(5_000) }]);
    expect(long.text).toContain('SHA256(value) = unhex({hash0:String})');
    expect(long.params['length0']).toBe(15_000);
    expect(JSON.stringify(long.params).length).toBeLessThan(300);
  });

  test('a value in an unsliced range is ignored', () => {
    expect(rangesCondition([{ ...range, sliced: false, value: 'DE' }]).text).not.toContain('value =');
  });
});

test('lineage and partitions are bound, and heads are always asked for', () => {
  const { text, params } = cellQuery("l'", [3, 1], rangesCondition([]));
  expect(text).not.toContain("l'");
  expect(text).toContain("metric = '$head'");
  expect(params).toEqual({ lineage: "l'", partitions: [3, 1] });
});

test('answers are sorted into partitions in the order asked; an announced target above the head leaves it open', () => {
  const version = (next: number): string => BigInt(`0x${versionOf(40_000, next)}`).toString();
  const rows = [
    ['$head', 'mark', 0, 1, '', version(9), [], ''],
    ['m', 'total', 4, 1, '', version(2), [1, -2], ''],
    ['$head', 'head', 0, 1, '', version(5), [], '{"clockMs":7}'],
    ['m', 'total', 4, 99, '', version(2), [1], ''],
  ];
  expect(partitionRowsOf([3, 1], rows)).toEqual([
    { partition: 3, head: { closed: '0000000000000000', target: '0000000000000000', note: null }, rows: [] },
    {
      partition: 1,
      head: { closed: versionOf(40_000, 5), target: versionOf(40_000, 9), note: { clockMs: 7 } },
      rows: [{ metric: 'm', table: 'total', bucket: 4, value: '', version: versionOf(40_000, 2), cells: [1, -2] }],
    },
  ]);
});
