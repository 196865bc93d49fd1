/** Nanoseconds per event of about 330 bytes: `JSON.parse` of the text, the plain and the fast decoder, these with two property look-ups. */
import { type EventView, Vocabulary } from '@tidemark/core';
import { createDecoder, createPlainDecoder } from '../src/index.ts';

interface BenchRecord {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** About 1 MiB, what one fetch brings of one partition. */
const EVENTS = 3000;
const ROUNDS = 200;

const vocabulary = new Vocabulary();
vocabulary.name('Service Booked');
const channel = vocabulary.path(['properties', 'channel']);
const source = vocabulary.path(['context', 'campaign', 'source']);
vocabulary.path(['properties', 'amount']);

const records = Array.from({ length: EVENTS }, (_, index) => recordOf(index));
const odd = records.map(({ key, value }, index) => ({ key, value: Buffer.from(value.toString().replace('"vin"', `"vin${index}"`)) }));
const fast = createDecoder(vocabulary);
const plain = createPlainDecoder(vocabulary);
const diverse = createDecoder(vocabulary);
/** What is read goes here, so that no run can be optimised away and no sum is boxed. */
const sink = new Float64Array(1);

const runs = {
  'JSON.parse(toString)': () => {
    for (let index = 0; index < EVENTS; index += 1) {
      const { value } = at(records, index);
      const event: { messageId: string; properties: { channel: string } } = JSON.parse(value.toString());
      sink[0] = event.messageId.length + event.properties.channel.length;
    }
  },
  'fast decoder': () => {
    for (let index = 0; index < EVENTS; index += 1) {
      const { key, value } = at(records, index);
      const event = fast.decode(key, value);
      if (event !== null) read(event);
    }
  },
  'fast, each shape new': () => {
    for (let index = 0; index < EVENTS; index += 1) {
      const { key, value } = at(odd, index);
      const event = diverse.decode(key, value);
      if (event !== null) read(event);
    }
  },
  'plain decoder': () => {
    for (let index = 0; index < EVENTS; index += 1) {
      const { key, value } = at(records, index);
      const event = plain.decode(key, value);
      if (event !== null) sink[0] = event.sliceText(channel).length + event.sliceText(source).length;
    }
  },
};

const meanBytes = records.reduce((sum, record) => sum + record.value.length, 0) / EVENTS;
console.log(`${EVENTS} events of ${Math.round(meanBytes)} bytes, best of ${ROUNDS} rounds`);
let parseNs = 0;
for (const [name, run] of Object.entries(runs)) {
  const ns = nsPerEvent(run);
  if (parseNs === 0) parseNs = ns;
  console.log(`${name.padEnd(22)} ${Math.round(ns)} ns per event, ${(ns / parseNs).toFixed(2)} × JSON.parse, ${bytesPerEvent(run)}`);
}

// By index: the iterator of `for … of` allocates for each record until the loop is fully optimised.
function at(list: readonly BenchRecord[], index: number): BenchRecord {
  const record = list[index];
  if (record === undefined) throw new RangeError(`no record ${index}`);
  return record;
}

function read(event: EventView): void {
  sink[0] = event.timeMs + event.actor0 + event.messageLow + event.sliceText(channel).length + event.sliceText(source).length;
}

function nsPerEvent(run: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = process.hrtime.bigint();
    run();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / EVENTS);
  }
  return best;
}

/** The heap's smallest growth over one round in which nothing was collected. */
function bytesPerEvent(run: () => void): string {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 10; round += 1) {
    const before = process.memoryUsage().heapUsed;
    run();
    const growth = process.memoryUsage().heapUsed - before;
    if (growth >= 0) least = Math.min(least, growth / EVENTS);
  }
  return Number.isFinite(least) ? `${least.toFixed(1)} bytes allocated` : 'collected in every round';
}

function recordOf(index: number): BenchRecord {
  const hex = ((index * 2_654_435_761) % 4_294_967_296).toString(16).padStart(8, '0');
  const userId = `u${100_000 + (index % 5000)}`;
  const event = {
    type: 'track',
    messageId: `${hex}-9a3c-4f5e-8b1d-${hex}${hex.slice(0, 4)}`,
    userId,
    event: 'Service Booked',
    timestamp: new Date(1_795_284_004_120 + index * 977).toISOString(),
    properties: {
      channel: ['app', 'web', 'phone'][index % 3],
      amount: (index % 5000) / 100,
      dealer: `d${index % 40}`,
      vin: `WVWZZZ1JZ3W${100_000 + index}`,
    },
    context: { app: { name: 'cabinet' }, device: { type: index % 2 === 0 ? 'ios' : 'android' }, campaign: { source: 'ads' } },
  };
  return { key: Buffer.from(userId), value: Buffer.from(JSON.stringify(event)) };
}
