// Contributions computed in a thread of their own: the same, and the service goes on meanwhile.
import { type ContributionsAsked, contributionsOf } from '@tidemark/pipeline';
import { expect, it } from 'vitest';
import { contributeAside } from '../src/inspect/contribute-aside.ts';
import { setOf, trackOf } from './served-world.ts';

const set = setOf(
  'name: shop\ndimensions: { channel: { property: channel } }\nmetrics: [{ id: back, kind: retention, start: Seen, return: Seen, columns: 30, entry: every, slice: [channel] }]',
);
const DAY_MS = 86_400_000;

function askedWith(count: number): ContributionsAsked {
  const first = Date.UTC(2026, 9, 1);
  const records = Array.from({ length: count }, (_, index) => {
    const timestamp = new Date(first + (index * 40 * DAY_MS) / count).toISOString();
    const { key, value } = trackOf('Seen', 'ann', { timestamp, messageId: `m${index}`, properties: { channel: `c${index % 3}` } });
    return { key: Buffer.from(key), value: Buffer.from(value) };
  });
  const from = Math.floor(first / DAY_MS);
  return { set, metricId: 'back', records, request: { from, to: from + 39, slice: 'channel', limit: 1_000, byBucket: false } };
}

it('are what they are here, while timers go on', { timeout: 30_000 }, async () => {
  const asked = askedWith(400);
  const here = contributionsOf(asked);
  expect(here.length).toBeGreaterThan(100);
  let beats = 0;
  const beating = setInterval(() => beats++, 5);
  try {
    expect(await contributeAside(asked)).toEqual(here);
  } finally {
    clearInterval(beating);
  }
  expect(beats).toBeGreaterThan(5);
});

it('a failure there is a failure here', async () => {
  await expect(contributeAside({ ...askedWith(1), metricId: 'nothing' })).rejects.toThrow('the set has no metric nothing');
});
