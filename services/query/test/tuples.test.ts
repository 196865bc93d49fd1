// Slices on several dimensions through the whole service: asked by name, answered with arrays, as JSON that fits its schema and as CSV.
import { beforeAll, describe, expect, it } from 'vitest';
import { KIND_PATHS, KINDS, metricPath } from '../src/kinds.ts';
import { metricBody } from '../src/schemas/catalogue.ts';
import { createServedWorld, type ServedWorld, setOf, trackOf } from './served-world.ts';

const set = setOf(`
dimensions: { channel: { property: channel }, device: { property: device, values: [ios, web] } }
metrics:
  - { id: back, kind: retention, start: Visited, return: Visited, columns: [1], slice: [channel, [channel, device]] }
  - { id: steps, kind: funnel, steps: [Visited, Paid], slice: [[channel, device]] }
  - { id: paid, kind: activation, start: Visited, within: 1d, all: [Paid], slice: [[channel, device]] }
  - { id: active, kind: activity, event: Visited, slice: [[channel, device]] }
  - { id: visits, kind: kpi, measure: { count: Visited }, slice: [channel, [channel, device]] }
  - { id: share, kind: kpi, measure: { formula: v / a, of: { v: visits, a: active.active } }, slice: [[channel, device]] }
`);
const SLICE = 'slice=channel,device&from=2026-11-20&to=2026-11-20';
let world: ServedWorld;

beforeAll(async () => {
  const visit = (actor: string, index: number, channel: unknown, device: unknown) =>
    trackOf('Visited', actor, { timestamp: `2026-11-20T1${index}:00:00Z`, messageId: `${actor}${index}`, properties: { channel, device } });
  const events = [
    visit('ann', 0, 'ads', 'ios'),
    visit('ann', 1, 'ads', 'ios'),
    visit('bob', 0, 'ads, "paid"', 'fridge'),
    visit('eve', 0, 'ads', 'web'),
  ];
  world = await createServedWorld({ set, events });
});

/** The slice values of a body, in order. */
function valuesOf(body: object): unknown {
  const lists = Reflect.get(body, 'overall') ?? Reflect.get(body, 'slices');
  return Array.isArray(lists) ? lists.map(({ value }: { value: unknown }) => value) : null;
}

describe('a combined slice', () => {
  it.each(set.metrics.map((metric) => ({ path: metricPath(metric), kind: metric.kind, id: metric.id })))(
    'of $id lists its values as arrays, as the schema of the kind says',
    async ({ path, kind }) => {
      const response = await world.get(`${path}?${SLICE}`);
      const body = KIND_PATHS[kind].body.parse(response.json());
      expect(valuesOf(body)).toEqual(
        expect.arrayContaining([
          ['ads', 'ios'],
          ['ads', 'web'],
          ['ads, "paid"', '$other'],
        ]),
      );
      const one = KIND_PATHS[kind].body.parse((await world.get(`${path}?${SLICE}&value=${encodeURIComponent('[ "ads", "\\u0069os" ]')}`)).json());
      expect(valuesOf(one)).toEqual([['ads', 'ios']]);
      const folded = KIND_PATHS[kind].body.parse((await world.get(`${path}?${SLICE}&limit=1`)).json());
      expect(valuesOf(folded)).toEqual([expect.any(Array), '$rest']);
    },
  );

  it('covers every kind', () => {
    expect(new Set(set.metrics.map(({ kind }) => kind))).toEqual(new Set(KINDS));
  });

  it('is in CSV the text that value= takes, quoted as CSV asks', async () => {
    const { text } = await world.get(`/v1/kpis/visits?${SLICE}`, { accept: 'text/csv' });
    expect(text.split('\r\n').filter((line) => line.startsWith('total'))).toEqual([
      'total,"[""ads"",""ios""]",,2,,',
      'total,"[""ads"",""web""]",,1,,',
      String.raw`total,"[""ads, \""paid\"""",""$other""]",,1,,`,
    ]);
  });

  it('is compared with the range before, arrays there too', async () => {
    const { json } = await world.get('/v1/kpis/visits?slice=channel,device&from=2026-11-21&to=2026-11-21&compare=previous');
    expect(KIND_PATHS.kpi.body.parse(json())).toMatchObject({ slices: [] });
  });

  it('has its name and the values that it has shown on the page of its metric', async () => {
    const { slices } = metricBody.parse((await world.get('/v1/metrics/visits')).json());
    expect(slices.map(({ name, open, values }) => [name, open, values])).toEqual([
      ['channel', true, ['ads', 'ads, "paid"']],
      [
        'channel,device',
        true,
        [
          ['ads', 'ios'],
          ['ads', 'web'],
          ['ads, "paid"', '$other'],
        ],
      ],
    ]);
  });

  it.each([
    ['slice=device,channel', 'visits is not sliced by "device,channel": it has channel, "channel,device"'],
    [`${SLICE}&value=ads,ios`, 'value "ads,ios": expected a JSON array of 2 texts, such as ["a channel","a device"]'],
    [`${SLICE}&value=["ads"]`, 'value "[\\"ads\\"]": expected a JSON array of 2 texts, such as ["a channel","a device"]'],
    [`${SLICE}&value=["ads",1]`, 'value "[\\"ads\\",1]": expected a JSON array of 2 texts, such as ["a channel","a device"]'],
  ])('%s is refused with a reason', async (query, reason) => {
    const response = await world.get(`/v1/kpis/visits?${query}`);
    expect([response.status, response.json()['code']]).toEqual([400, 'bad_slice']);
    expect(response.json()['detail']).toContain(reason);
  });
});
