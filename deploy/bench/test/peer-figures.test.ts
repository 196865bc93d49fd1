// Equality of the peers' figures: what differs, what is missing on either side, and nothing at all are told, not passed over.
import { describe, expect, it } from 'vitest';
import type { PeerRun } from '../peers/contenders.ts';
import { compareFigures, figureName } from '../peers/figures.ts';
import { readPeersOptions } from '../peers/options.ts';
import { peersReportOf, peersReportText } from '../peers/report.ts';

const active = figureName('active_customers', 'channel=app', '2025-06-29', 0);
const booked = figureName('bookings', '', '2025-06-29', 0);

describe('comparing figures', () => {
  it('counts what is the same and names what is other or stands on one side alone', () => {
    const ours = new Map([
      [active, 5],
      [booked, 2],
    ]);
    expect(compareFigures(ours, new Map(ours), ['active_customers', 'bookings'])).toEqual({ same: 2, differences: [] });
    expect(compareFigures(ours, new Map([[active, 4]]), ['active_customers', 'bookings'])).toEqual({
      same: 0,
      differences: [`${active} is 4, served is 5`, `${booked} is 0, served is 2`],
    });
    expect(compareFigures(new Map(), new Map([[active, 1]]), ['active_customers']).differences).toEqual([`${active} is 1, served is 0`]);
  });

  it('looks at the metrics that the peer computes and no others', () => {
    expect(compareFigures(new Map([[booked, 2]]).set(active, 5), new Map([[active, 5]]), ['active_customers'])).toEqual({ same: 1, differences: [] });
  });

  it('takes no figures at all for a difference', () => {
    expect(compareFigures(new Map(), new Map(), ['bookings']).differences).toEqual(['there is not one figure to compare']);
  });
});

describe('the report of the peers', () => {
  const run = (peer: PeerRun['peer'], cpuS: number, more: Partial<PeerRun>): PeerRun => ({
    ...{ peer, events: 1_000, cpuS, wallS: 1, gcS: 0, peakRssMib: 100, figures: null, rows: null },
    ...more,
  });
  const figures = new Map([[active, 5]]);

  it('gives ratios of events per CPU second, repeat by repeat', () => {
    const runs = [run('worker', 1, { figures }), run('streams', 2, { figures }), run('worker', 1, { figures }), run('streams', 4, { figures })];
    const { ratios } = peersReportOf(runs, [], {});
    expect(ratios).toEqual([{ measure: 'worker / Kafka Streams', must: '≥ 1.5', aim: '≥ 2.5', ratio: { median: 3, min: 2, max: 4 } }]);
  });

  it('fails a row that is other in any repeat, and counts neither its time nor its ratio', () => {
    const other = new Map([[active, 6]]);
    const runs = [
      run('worker', 1, { figures }),
      run('naive', 0.1, { figures }),
      run('worker', 1, { figures }),
      run('naive', 0.1, { figures: other }),
    ];
    const report = peersReportOf(runs, [], {});
    expect(report.rows.find(({ peer }) => peer === 'naive')?.failure).toBe(`${active} is 6, served is 5`);
    expect(report.ratios).toEqual([]);
    expect(peersReportText(report)).toContain('FAILED');
  });

  it('fails the archiver’s peer when its rows are others', () => {
    const runs = [run('archiver', 1, { rows: '2 rows, 7' }), run('inserter', 2, { rows: '2 rows, 8' })];
    expect(peersReportOf(runs, [], {}).rows.map(({ failure }) => failure)).toEqual([null, "rows: 2 rows, 8; the archiver's: 2 rows, 7"]);
  });

  it('says why a peer did not run', () => {
    expect(peersReportText(peersReportOf([], [], { streams: 'no Java answers' }))).toContain('not run: streams: no Java answers');
  });
});

describe('the options of the peers', () => {
  it('are live traffic unless something else is said', () => {
    expect(readPeersOptions([])).toMatchObject({ workload: 'live', events: 2_000_000, people: 100_000, repeats: 3, warmEvents: 500_000 });
    expect(readPeersOptions(['--tiny'])).toMatchObject({ workload: 'live', events: 4_000, repeats: 1, warmEvents: 0, isTiny: true });
    expect(readPeersOptions(['--workload=stream', '--warm=7', '--events=9', '--only=worker,streams'])).toMatchObject({
      workload: 'stream',
      events: 9,
      days: 10,
      warmEvents: 7,
      only: ['worker', 'streams'],
    });
  });

  it('refuse a peer that is none and a warm-up that is no number', () => {
    expect(() => readPeersOptions(['--only=flink'])).toThrow('--only knows parse, worker');
    expect(() => readPeersOptions(['--warm=much'])).toThrow('--warm must be a whole number');
  });
});
