// A plan says what an edited file changes and what would be done about it, before anything is done.
import { exitCodeOf, exitCodes } from '@tidemark/runtime';
import { describe, expect, test } from 'vitest';
import { costWords, planWords } from '../../src/lineages/plan-words.ts';
import { decided, planned, revisionAndLineage, TEXT } from './lineages.ts';

const EDITED = TEXT.replace('7d', '3d');
const OTHER = TEXT.replace('name: shop', 'name: other').replaceAll('id: ', 'id: other_');

describe('a plan', () => {
  test('of what is served does nothing', () => {
    expect(planned(TEXT)).toMatchObject({ act: 'nothing', otherFold: false, change: { rebuilds: false } });
  });

  test('of other words describes, and says that nothing is rebuilt', () => {
    const words = planned(TEXT.replace('id: opened,', 'id: opened, owner: bob,'));
    expect(words).toMatchObject({ act: 'describe', lineage: revisionAndLineage(TEXT).lineage });
    expect(planWords(words)).toEqual([
      `set shop: 1 of 3 metrics change; served is lineage ${revisionAndLineage(TEXT).lineage}, revision ${revisionAndLineage(TEXT).revision}`,
      '  words      opened  owner: absent → bob',
      '  unchanged  buying, choices',
      'rebuilds nothing: the same integers are served under the new words',
    ]);
  });

  test('of an edited, a new and a retired metric starts a lineage, and names each field', () => {
    const plan = planned(EDITED.replace('id: choices, kind: kpi, measure: { count: Chosen }', 'id: payments, kind: kpi, measure: { count: Paid }'));
    expect(plan.act).toBe('start');
    expect(planWords(plan).slice(1)).toEqual([
      '  edited     buying  window: 7 days → 3 days',
      '  new        payments  Kpi: the number of events "Paid" per calendar day (UTC).',
      '  retired    choices  leaves the set; its figures stay readable under the old revision',
      '  unchanged  opened',
      `rebuilds the set beside what is served, as lineage ${plan.lineage}`,
    ]);
  });

  test('of a lineage that is there goes on with it, or back to it', () => {
    const started = decided(['adopt', TEXT], ['start', EDITED]);
    expect(planned(EDITED, started).act).toBe('go_on');
    expect(planned(TEXT, decided(['adopt', TEXT], ['start', EDITED], ['switch', EDITED])).act).toBe('return');
    expect(planned(EDITED, decided(['adopt', TEXT], ['start', EDITED], ['retire', EDITED])).act).toBe('start');
  });

  test('of a set that nobody knows begins it, and everything is new', () => {
    const plan = planned(TEXT, decided());
    expect(plan).toMatchObject({ act: 'start', serving: null, before: null, otherFold: false });
    expect(planWords(plan)[0]).toBe('set shop: 3 of 3 metrics change; nothing of it is served yet');
  });

  test('of what another release or lateness began rebuilds everything, and says so', () => {
    const plan = planned(TEXT, decided(['adopt', TEXT, { lineage: '0'.repeat(16) }]));
    expect(plan).toMatchObject({ act: 'start', otherFold: true, change: { rebuilds: false } });
    expect(planWords(plan)).toContain('  every metric: what is served was begun by another release, or with another TIDEMARK_LATENESS');
  });

  test('a metric that another served set has is refused', () => {
    const state = decided(['adopt', TEXT], ['adopt', OTHER]);
    const taken = (() => {
      try {
        return planned(EDITED.replace('id: choices', 'id: other_opened'), state);
      } catch (error) {
        return error;
      }
    })();
    expect(String(taken)).toMatch(/shop\.yaml:1:1 {2}metric other_opened stands in the set other as well: give one of them another id$/);
    expect(exitCodeOf(taken)).toBe(exitCodes.config);
  });
});

test('a cost is told with what it rests on', () => {
  const cost = {
    ...{ records: 1_200_000, recordsPerSecond: 60_000, replayMs: 20_000, rows: 12_000, integers: 99_000, stateBytes: 3_145_728 },
    ...{ newMetrics: [{ id: 'payments', cellsPerBucket: 3 }], restsOn: ["records: the log's bounds now", 'speed: assumed'] },
  };
  expect(costWords(cost)).toEqual([
    '  replay  1,200,000 records at about 60,000 a second: 20.0 s for one worker process',
    '  cells   about 12,000 rows with 99,000 integers, once more in Redis and in ClickHouse',
    '  cells   payments is new: at most 3 integers a bucket and partition',
    "  state   about 3.0 MiB more in Redis, and a few times that in the workers' memory",
    "  (records: the log's bounds now)",
    '  (speed: assumed)',
  ]);
  expect(costWords({ ...cost, records: null, replayMs: null })[0]).toBe('  replay  how many records is not known, at about 60,000 a second');
});
