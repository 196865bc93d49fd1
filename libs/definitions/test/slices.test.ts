/** Slices by several dimensions at once, and the limits of what a metric may keep. */
import { describe, expect, it } from 'vitest';
import { describeMetric, estimateBound } from '../src/index.ts';
import { accepted, acceptedMetric, problems } from './accepted.ts';

const HEAD = 'dimensions: { channel: { property: channel, values: [app, web] }, device: { property: device, max: 9 }, plan: { property: plan } }';
const KPI = 'id: a, kind: kpi, measure: { count: x }';

function sliced(slice: string): string {
  return `${HEAD}\nmetrics:\n  - { ${KPI}, slice: ${slice} }\n`;
}

describe('a slice on several dimensions', () => {
  it('is a list among the slices, and stays in the order in which it was written', () => {
    expect(acceptedMetric(`{ ${KPI}, slice: [plan, [device, channel], [channel, plan]] }`, HEAD).slices).toEqual([
      ['plan'],
      ['device', 'channel'],
      ['channel', 'plan'],
    ]);
  });

  it('is named in the sentence', () => {
    expect(describeMetric(acceptedMetric(`{ ${KPI}, slice: [plan, [device, channel]] }`, HEAD))).toMatch(/; also by plan and device × channel\.$/);
  });

  it('changes the revision, and so does the order inside of it, for values are written in it; the order of slices does not', () => {
    const revision = (slice: string) => accepted(sliced(slice)).metrics[0]?.revision;
    expect(revision('[plan, [channel, device]]')).toBe(revision('[[channel, device], plan]'));
    const all = ['[channel, device]', '[[channel, device]]', '[[device, channel]]', '[[channel, device], channel, device]'].map(revision);
    expect(new Set(all).size).toBe(all.length);
  });

  it('has a bound in which the sizes multiply, $other included', () => {
    const set = accepted(sliced('[[channel, device], device]'));
    expect(set.metrics.map((metric) => estimateBound(metric, set.dimensions))).toEqual([{ cellsPerBucket: 3 * (1 + 3 * 10 + 10), bytesPerActor: 0 }]);
  });

  it.each([
    ['[[channel, colour]]', '3:66 metrics[0].slice[0][1]', `unknown dimension "colour": expected one of channel, device, plan`],
    ['[[channel, devise]]', '3:66 metrics[0].slice[0][1]', `unknown dimension "devise"; did you mean 'device'?`],
    ['[[channel, channel]]', '3:66 metrics[0].slice[0][1]', 'the dimension "channel" stands twice in one slice: keep one of them'],
    ['[[channel, device], [device, channel]]', '3:75 metrics[0].slice[1]', /^the slice \["device","channel"\] stands twice, in whatever order/],
    ['[[channel]]', '3:56 metrics[0].slice[0]', 'expected a dimension, or a list of 2 to 4 of them such as [channel, device], got ["channel"]'],
    ['[[]]', '3:56 metrics[0].slice[0]', /^expected a dimension, or a list of 2 to 4 of them/],
    ['[[channel, [device]]]', '3:66 metrics[0].slice[0][1]', /^expected the name of a dimension, got \["device"\]/],
    ['[{ channel: device }]', '3:56 metrics[0].slice[0]', /^expected a dimension, or a list of 2 to 4 of them/],
    ['channel', '3:55 metrics[0].slice', /^expected a list of dimensions, such as \[channel, device\] or, by both at once, \[\[channel, device\]\]/],
  ])('%s is refused', (slice, place, message) => {
    const found = problems(sliced(slice)).map((problem) => ({ ...problem, place: `${problem.line}:${problem.column} ${problem.path}` }));
    expect(found).toEqual([expect.objectContaining({ place, message: typeof message === 'string' ? message : expect.stringMatching(message) })]);
  });
});

describe('a metric beyond the limits is refused at its largest slice, with its size and what to lower', () => {
  const dimensions = 'dimensions: { few: { property: few, values: [a, b] }, many: { property: many, max: 1000 }, wide: { property: wide } }';
  const refused = (metric: string) =>
    problems(`${dimensions}\nmetrics:\n  - { id: a, ${metric} }\n`).map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`);

  it('for the values of one slice, which every checkpoint names', () => {
    expect(refused('kind: kpi, measure: { count: x }, slice: [few, [few, wide, many]]')).toEqual([
      '3:61 metrics[0].slice[1]: up to 153,153 values of the slice few × wide × many, at most 10,000 are kept: the slice few × wide × many has 153,153 values (1001 of many, 51 of wide and 3 of few); lower max of many or wide, or leave the slice out',
    ]);
  });

  it('for its cells', () => {
    expect(refused('kind: funnel, steps: [x, y, z], slice: [wide, [few, many]]')).toEqual([
      expect.stringMatching(
        /^3:\d+ metrics\[0\]\.slice\[1\]: up to [\d,]{10,} cells a bucket and partition, at most 10,000,000 are kept: the slice few × many has 3,003 values \(1001 of many and 3 of few\); lower max of many, or leave the slice out$/,
      ),
    ]);
  });

  it('for the bytes of an actor', () => {
    const back = 'id: a, kind: retention, start: x, return: y, sliceReturn: same, columns: [400], brackets: [[0, 1]]';
    const open = (count: number) => Array.from({ length: count }, (_, index) => `d${index}`);
    const text = (count: number) => {
      const named = open(count).map((name) => `${name}: { property: ${name}, max: 1000 }`);
      const slices = open(count).map((name) => `[few, ${name}]`);
      return `dimensions: { few: { property: few, values: [a, b] }, ${named.join(', ')} }\nmetrics: [{ ${back}, slice: [${slices.join(', ')}] }]`;
    };
    expect(problems(text(7))).toEqual([]);
    // Three Days registers of 60 bytes for each of 8 × 3,003 values, beside those of the total.
    expect(problems(text(8)).map(({ path, message }) => `${path}: ${message}`)).toEqual([
      expect.stringMatching(
        /^metrics\[0\]\.slice\[0\]: up to 4,[\d,]{7} bytes an actor, at most 4,194,304 are kept: .*; lower max of d0, or leave the slice out$/,
      ),
    ]);
  });

  it('of closed lists alone asks for fewer values', () => {
    const values = Array.from({ length: 150 }, (_, index) => `v${index}`).join(', ');
    const text = `dimensions: { a: { property: a, values: [${values}] }, b: { property: b, values: [${values}] } }\nmetrics: [{ id: m, kind: kpi, measure: { count: x }, slice: [[a, b]] }]`;
    expect(problems(text).map(({ message }) => message)).toEqual([expect.stringMatching(/list fewer values of a or b, or leave the slice out$/)]);
  });

  it('says nothing where a mistake beside it makes the size a guess', () => {
    const text = `dimensions: { few: { property: few, max: 0 }, many: { property: many, max: 1000 } }\nmetrics: [{ id: a, kind: activity, slice: [[few, many]] }]`;
    expect(problems(text).map(({ path }) => path)).toEqual(['dimensions.few.max']);
  });
});

describe('a slice by what people hold', () => {
  const HELD =
    'dimensions: { came: { property: came, hold: first }, joined: { property: joined, max: 9, hold: first }, device: { property: device, max: 9 } }';
  const revisionOf = (head: string) => acceptedMetric(`{ ${KPI}, slice: [came] }`, head).revision;

  it('is of a dimension with hold: first, which changes the revision', () => {
    expect(accepted(`${HELD}\nmetrics:\n  - { ${KPI} }\n`).dimensions[0]).toEqual({
      name: 'came',
      path: ['properties', 'came'],
      max: 50,
      hold: 'first',
    });
    expect(revisionOf(HELD)).not.toBe(revisionOf(HELD.replace('came, hold: first', 'came')));
  });

  it('is said in the sentence', () => {
    const set = accepted(`${HELD}\nmetrics:\n  - { ${KPI}, slice: [came, device] }\n`);
    const [metric] = set.metrics;
    expect(metric && describeMetric(metric, set.dimensions)).toMatch(/; also by came \(each person's first value, kept for ever\) and device\.$/);
  });

  it('has a bound: its instant for each dimension, and what an actor may have added to open rows, whatever the number of values', () => {
    const set = accepted(`${HELD}\nmetrics:\n  - { ${KPI}, slice: [came, [came, joined], device] }\n`);
    // Nine days are open: the day at hand, the seven of the lateness, and the one at its edge.
    expect(set.metrics.map((metric) => estimateBound(metric, set.dimensions))).toEqual([
      { cellsPerBucket: 3 * (1 + 51 + 51 * 10 + 10), bytesPerActor: 2 * 24 + 9 * 44 },
    ]);
  });

  it.each([
    ['[[came, device]]', 'not supported yet: one slice by "came", which people hold, and "device", which events show: slice by each of them'],
    [
      '[[device, joined, came]]',
      'not supported yet: one slice by "joined", which people hold, and "device", which events show: slice by each of them',
    ],
  ])('%s mixes both and is refused', (slice, message) => {
    expect(problems(`${HELD}\nmetrics:\n  - { ${KPI}, slice: ${slice} }\n`).map(({ path, message: said }) => [path, said])).toEqual([
      ['metrics[0].slice[0]', message],
    ]);
  });

  it('knows no other hold', () => {
    expect(
      problems(`dimensions: { came: { property: came, hold: last } }\nmetrics:\n  - { ${KPI} }\n`).map(({ path, message }) => [path, message]),
    ).toEqual([['dimensions.came.hold', 'expected first: the actor\'s earliest value, got "last"']]);
  });
});
