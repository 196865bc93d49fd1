/** An event of the sample as a Kafka record: Segment-spec JSON of some 300 to 400 bytes, keyed by the actor. */
import type { Draft } from './visit.ts';

/** `key` is the actor id, `value` the JSON; `meta` says how a live record was tampered with and is not part of the JSON. */
export interface SampleEvent {
  readonly key: string;
  readonly value: string;
  readonly timeMs: number;
  readonly meta: 'plain' | 'outOfOrder' | 'duplicate' | 'late';
}

const OFFERS = ['winter-tyres', 'oil-change', 'brake-check', 'air-condition', 'extended-warranty', 'trade-in'];
const PAGES = ['garage', 'history', 'prices', 'documents', 'profile', 'bonuses'];
const HISTORY = ['none', 'one'];

/** Writes the record. An order moves its person's purchase history on, so call this in time order. */
export function writeRecord(draft: Draft, messageId: string, timeMs: number, meta: SampleEvent['meta']): SampleEvent {
  const { person, name } = draft;
  if (name === 'Order Completed') person.orders++;
  const actor = `"${person.isAnonymous ? 'anonymousId' : 'userId'}":"${person.id}"`;
  const naming = name === 'page' ? `"type":"page","name":"${pick(PAGES, draft.detail)}"` : `"type":"track","event":"${name}"`;
  const timestamp = new Date(timeMs).toISOString();
  const properties = `"channel":"${draft.channel}","segment":"${person.segment}","purchases":"${HISTORY[person.orders] ?? 'repeat'}"${extras(draft)}`;
  const context = `"app":{"name":"cabinet","version":"${person.appVersion}"},"device":{"type":"${person.device}"},"campaign":{"source":"${person.source}"},"locale":"hy-AM"`;
  const value = `{${naming},"messageId":"${messageId}",${actor},"timestamp":"${timestamp}","properties":{${properties}},"context":{${context}}}`;
  return { key: person.id, value, timeMs, meta };
}

function extras({ name, amountCents, detail }: Draft): string {
  if (amountCents >= 0) return `,"amount":${Math.floor(amountCents / 100)}.${String(amountCents % 100).padStart(2, '0')},"currency":"AMD"`;
  if (name === 'Offer Shown' || name === 'Offer Opened') return `,"offer":"${pick(OFFERS, detail)}","position":${(detail % 3) + 1}`;
  if (name === 'Slot Chosen' || name === 'Service Booked') return `,"workshop":"north-${detail % 4}","daysAhead":${(detail % 14) + 1}`;
  if (name === 'page') return `,"path":"/cabinet/${pick(PAGES, detail)}"`;
  return '';
}

function pick(items: readonly string[], detail: number): string {
  return items[detail % items.length] ?? '';
}
