/** How an event of the cabinet is written. */
import { decimal, pageNamed, pick, recordOf, type SampleEvent, trackNamed } from '../record.ts';
import type { Draft } from './visit.ts';

const OFFERS = ['winter-tyres', 'oil-change', 'brake-check', 'air-condition', 'extended-warranty', 'trade-in'];
const PAGES = ['garage', 'history', 'prices', 'documents', 'profile', 'bonuses'];
const HISTORY = ['none', 'one'];

/** Writes the record. An order moves its person's purchase history on, so call this in time order. */
export function writeRecord(draft: Draft, messageId: string, timeMs: number, meta: SampleEvent['meta']): SampleEvent {
  const { person, name } = draft;
  if (name === 'Order Completed') person.orders++;
  return recordOf({
    actor: person,
    naming: name === 'page' ? pageNamed(pick(PAGES, draft.detail)) : trackNamed(name),
    messageId,
    timeMs,
    meta,
    properties: `"channel":"${draft.channel}","segment":"${person.segment}","purchases":"${HISTORY[person.orders] ?? 'repeat'}"${extras(draft)}`,
    context: `"app":{"name":"cabinet","version":"${person.appVersion}"},"device":{"type":"${person.device}"},"campaign":{"source":"${person.source}"},"locale":"hy-AM"`,
  });
}

function extras({ name, amountCents, detail }: Draft): string {
  if (amountCents >= 0) return `,"amount":${decimal(amountCents)},"currency":"AMD"`;
  if (name === 'Offer Shown' || name === 'Offer Opened') return `,"offer":"${pick(OFFERS, detail)}","position":${(detail % 3) + 1}`;
  if (name === 'Slot Chosen' || name === 'Service Booked') return `,"workshop":"north-${detail % 4}","daysAhead":${(detail % 14) + 1}`;
  if (name === 'page') return `,"path":"/cabinet/${pick(PAGES, detail)}"`;
  return '';
}
