/** How an event of the map constructor is written. */
import { decimal, pageNamed, pick, recordOf, type SampleEvent, trackNamed } from '../record.ts';
import type { Draft } from './visit.ts';

const PAGES = ['prices', 'gallery', 'templates', 'help'];
const LAYERS = ['roads', 'rivers', 'labels', 'heat', 'borders'];
/** How likely each score of 0 to 10 is, in twentieths. */
const SCORES = [0, 2, 4, 5, 6, 6, 7, 7, 7, 8, 8, 8, 9, 9, 9, 9, 10, 10, 10, 10];
const COST_OF_A_NEWCOMER = '1.00';

/** Writes the record. Trials, payments and levels move their person on, so call this in time order. */
export function writeRecord(draft: Draft, messageId: string, timeMs: number, meta: SampleEvent['meta']): SampleEvent {
  const { person, name } = draft;
  if (name === 'Trial Started') person.plan = 'trial';
  if (name === 'Payment Made') person.plan = 'pro';
  if (name === 'Level Reached') person.level++;
  // The link by which someone came is on the first events only: who wants to know it later must have kept it.
  const isFirst = name === 'Landing Visited' || name === 'Signed Up';
  const campaign = isFirst ? `,"campaign":{"source":"${person.source}"}` : '';
  return recordOf({
    actor: person,
    naming: name === 'page' ? pageNamed(pick(PAGES, draft.detail)) : trackNamed(name),
    messageId,
    timeMs,
    meta,
    properties: `"plan":"${person.plan}","level":${person.level},"joined":"${person.joined}"${extras(draft)}`,
    context: `"app":{"name":"map-constructor","version":"${person.appVersion}"},"device":{"type":"${person.device}"}${campaign},"library":{"name":"sdk-web","version":"5.1.0"},"locale":"en-GB"`,
  });
}

function extras({ name, amountCents, detail }: Draft): string {
  if (amountCents >= 0) return `,"amount":${decimal(amountCents)},"currency":"EUR"`;
  if (name === 'Signed Up') return `,"acquisitionCost":${COST_OF_A_NEWCOMER}`;
  if (name === 'Survey Answered') return `,"score":${SCORES[detail % SCORES.length] ?? 0}`;
  if (name === 'Layer Added') return `,"layer":"${pick(LAYERS, detail)}"`;
  if (name === 'page') return `,"path":"/${pick(PAGES, detail)}"`;
  return name === 'Landing Visited' ? ',"path":"/"' : '';
}
