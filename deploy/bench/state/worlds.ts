// The three shipped sets with as many actors as asked for: whose state is measured.
import { join } from 'node:path';
import { cabinetHistory, crmHistory, mapHistory, type SampleEvent } from '@tidemark/testing';

export interface World {
  readonly name: string;
  readonly setFile: string;
  /** Of about so many actors, about ten events each. */
  events(of: { readonly seed: number; readonly actors: number }): Iterable<SampleEvent>;
}

const schemas = join(import.meta.dirname, '../../../schemas/metrics');
const endMs = Date.UTC(2025, 5, 30);

/** The dealer's customers come for 160 days: longer than the windows of his registers, which so are full and have slid. */
export const worlds: readonly World[] = [
  {
    name: 'auto-cabinet',
    setFile: join(schemas, 'auto-cabinet.yaml'),
    events: ({ seed, actors }) => cabinetHistory({ seed, people: Math.ceil(actors * 1.09), days: 160, events: actors * 10, endMs }),
  },
  {
    name: 'map-constructor',
    setFile: join(schemas, 'map-constructor.yaml'),
    events: ({ seed, actors }) => mapHistory({ seed, scale: 290_000 / actors, months: 6, endMs }),
  },
  {
    name: 'saas-lifecycle',
    setFile: join(schemas, 'saas-lifecycle.yaml'),
    events: ({ seed, actors }) => crmHistory({ seed, companies: Math.ceil(actors * 0.153), days: 120, events: actors * 10, endMs }),
  },
];

/** A set of one register: the days on which an actor did anything, in a window of 128 days (118 of the column, lateness and rounding). */
export const daysOf128 = `
name: days-of-128
timezone: Asia/Yerevan
metrics:
  - { id: days, kind: retention, title: Days, start: "*", return: "*", unit: day, entry: every, columns: [118] }
`;
