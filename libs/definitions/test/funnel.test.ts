/** Options of funnels in a file: what they become, what is refused, and what of them changes a revision. */
import { describe, expect, it } from 'vitest';
import { describeMetric } from '../src/index.ts';
import { accepted, acceptedMetric, problems } from './accepted.ts';

const HEAD = 'dimensions: { device: { property: device } }\nselectors: { refund: { event: Refunded, where: { amount: { gt: 0 } } } }';
const funnel = (options: string) => `{ id: a, kind: funnel, steps: [x, y, z], slice: [device], ${options} }`;

function mistakes(options: string): string[] {
  return problems(`${HEAD}\nmetrics:\n  - ${funnel(options)}\n`).map(({ path, message }) => `${path}: ${message.replace(/, got .*/, '')}`);
}

function revisionOf(options: string): string {
  return acceptedMetric(funnel(options), HEAD).revision;
}

describe('accepted', () => {
  it('every option as the file says it', () => {
    const options =
      'order: any, attempt: first, attribution: { step: 2 }, sliceRanges: true, exclude: [{ select: refund, between: [1, 3], effect: end }]';
    expect(acceptedMetric(funnel(options), HEAD)).toMatchObject({
      order: 'any',
      attempt: 'first',
      attribution: { step: 2 },
      sliceRanges: true,
      exclude: [{ select: { name: 'refund', anyOf: [{ event: 'Refunded' }] }, between: [1, 3], effect: 'end' }],
    });
  });

  it('an exclusion by event and where, or by a selector: the same meaning, the same revision', () => {
    const byEvent = revisionOf('exclude: [{ event: Refunded, where: { amount: { gt: 0 } }, between: [1, 2], effect: drop }]');
    expect(revisionOf('exclude: [{ select: refund, between: [1, 2], effect: drop }]')).toBe(byEvent);
  });

  it('exclusions in any order and repeated are one definition', () => {
    const one = '{ event: B, between: [1, 2], effect: drop }';
    const other = '{ event: A, between: [2, 3], effect: end }';
    expect(revisionOf(`exclude: [${one}, ${other}]`)).toBe(revisionOf(`exclude: [${other}, ${one}, ${one}]`));
    expect(acceptedMetric(funnel(`exclude: [${one}, ${other}]`), HEAD)).toEqual(acceptedMetric(funnel(`exclude: [${other}, ${one}, ${one}]`), HEAD));
  });

  it('each option changes the revision, attribution and sliceRanges only where there are slices', () => {
    const all = [
      '',
      'order: any',
      'order: strict',
      'attempt: first',
      'attribution: first',
      'attribution: { step: 2 }',
      'sliceRanges: true',
      'exclude: [{ event: B, between: [1, 2], effect: drop }]',
      'exclude: [{ event: B, between: [1, 2], effect: end }]',
      'exclude: [{ event: B, between: [1, 3], effect: end }]',
    ].map(revisionOf);
    expect(new Set(all).size).toBe(all.length);
    const unsliced = ['', ', attribution: last, sliceRanges: true'].map(
      (options) => acceptedMetric(`{ id: a, kind: funnel, steps: [x, y]${options} }`).revision,
    );
    expect(new Set(unsliced).size).toBe(1);
  });
});

describe('refused', () => {
  it.each([
    [
      'order: strict, exclude: [{ event: B, between: [1, 2], effect: drop }]',
      'metrics[0].exclude: with order strict nothing can lie between two steps: leave exclude out',
    ],
    ['exclude: [{ between: [1, 2], effect: drop }]', 'metrics[0].exclude[0]: expected either event or select: the events that exclude'],
    [
      'exclude: [{ event: B, select: refund, between: [1, 2], effect: drop }]',
      'metrics[0].exclude[0]: expected either event or select: the events that exclude',
    ],
    ['exclude: [{ event: B, between: [2, 4], effect: drop }]', 'metrics[0].exclude[0]: between names step 4, and there are 3'],
    [
      'exclude: [{ event: B, between: [2, 2], effect: drop }]',
      'metrics[0].exclude[0].between: expected the numbers of two steps, the earlier one first, such as [1, 2]',
    ],
    ['exclude: [{ event: B, between: [1, 2], effect: stop }]', 'metrics[0].exclude[0].effect: expected one of drop, end'],
    ['attribution: { step: 4 }', 'metrics[0].attribution.step: there are only 3 steps'],
    ['attribution: middle', 'metrics[0].attribution: expected one of entry, first, last, or a step such as { step: 2 }'],
    ['order: loose', 'metrics[0].order: expected one of ordered, any, strict'],
  ])('%s', (options, mistake) => {
    expect(mistakes(options)).toEqual([mistake]);
  });
});

it('says order, exclusions, attempt and attribution', () => {
  expect(
    describeMetric(
      acceptedMetric(funnel('order: any, attempt: first, attribution: last, exclude: [{ event: B, between: [1, 2], effect: end }]'), HEAD),
    ),
  ).toBe(
    'Funnel: "x", "y" and "z", in any order within 14 days of the first event; each opening event is an attempt of its own, counted in its calendar day (UTC); an attempt with "B" between steps 1 and 2 keeps only the steps up to 1; people are distinct over any range of up to 90 days, by their first attempt; also by device at the last of its steps that shows one.',
  );
});

it('an event named by an exclusion is an event to the file, not a mistyped selector', () => {
  const set = accepted(
    'selectors: { refund: Refunded }\nmetrics:\n  - { id: a, kind: funnel, steps: [x, refunds], exclude: [{ event: refunds, between: [1, 2], effect: end }] }\n',
  );
  expect(set.metrics).toHaveLength(1);
});
