/** Nanoseconds per 360-byte event: JSON.parse of the text, the plain and the fast decoder, each with two property look-ups. */
import { type EventView, Vocabulary } from '@tidemark/core';
import { createDecoder, createPlainDecoder, type Decoder } from '../src/index.ts';

const EVENTS = 20_000;
const ROUNDS = 10;
const BLOCK_EVENTS = 2_000_000;

const vocabulary = new Vocabulary();
vocabulary.name('Service Booked');
const channel = vocabulary.path(['properties', 'channel']);
const source = vocabulary.path(['context', 'campaign', 'source']);
vocabulary.path(['properties', 'amount']);

const records = Array.from({ length: EVENTS }, (_, index) => recordOf(index));
const bytes = records.reduce((sum, record) => sum + record.value.length, 0);
console.log(`${EVENTS} events of ${Math.round(bytes / EVENTS)} bytes, best of ${ROUNDS} rounds, ns per event`);

const parse = (): number => {
  let sum = 0;
  for (const record of records) {
    const event: { messageId: string; properties: { channel: string } } = JSON.parse(record.value.toString());
    sum += event.messageId.length + event.properties.channel.length;
  }
  return sum;
};
const decodeAll = (decoder: Decoder): (() => number) => {
  const use = (event: EventView): number =>
    event.timeMs + event.actor0 + event.messageLow + event.sliceText(channel).length + event.sliceText(source).length;
  return () => {
    let sum = 0;
    for (const record of records) {
      const event = decoder.decode(record.key, record.value);
      if (event === null) throw new Error(decoder.reason);
      sum += use(event);
    }
    return sum;
  };
};

const fast = createDecoder(vocabulary);
const parseNs = nsPerEvent(parse);
const plainNs = nsPerEvent(decodeAll(createPlainDecoder(vocabulary)));
const fastNs = nsPerEvent(decodeAll(fast));
console.log(`JSON.parse(toString)  ${parseNs}`);
console.log(`plain decoder         ${plainNs}  ${(plainNs / parseNs).toFixed(2)}×`);
console.log(`fast decoder          ${fastNs}  ${(fastNs / parseNs).toFixed(2)}×`);
console.log(`fast decoder allocates ${bytesPerEvent(decodeAll(fast)).toFixed(2)} bytes per event`);

function nsPerEvent(run: () => number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = process.hrtime.bigint();
    run();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / EVENTS);
  }
  return Math.round(best);
}

/** The heap's growth over a block in which the young generation is not collected (run with --expose-gc for an exact start). */
function bytesPerEvent(run: () => number): number {
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  let least = Number.POSITIVE_INFINITY;
  let last = before;
  for (let done = 0; done < BLOCK_EVENTS; done += EVENTS) {
    run();
    const now = process.memoryUsage().heapUsed;
    if (now >= last) least = Math.min(least, (now - last) / EVENTS);
    last = now;
  }
  return least;
}

function recordOf(index: number): { key: Buffer; value: Buffer } {
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
