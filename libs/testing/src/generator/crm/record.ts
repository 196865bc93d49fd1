/** How an event of the CRM is written. */
import { decimal, pageNamed, pick, recordOf, type SampleEvent, trackNamed } from '../record.ts';
import type { Draft } from './visit.ts';

const PAGES = ['pricing', 'features', 'customers', 'security', 'integrations'];
/** Of a seat and month, in cents. */
const PRICE_CENTS: Readonly<Record<string, number>> = { basic: 1200, team: 2900, enterprise: 5900 };

/** Writes the record. What a company decides moves its plan on, so call this in time order. */
export function writeRecord(draft: Draft, messageId: string, timeMs: number, meta: SampleEvent['meta']): SampleEvent {
  const { person, name } = draft;
  const { company } = person;
  const before = company.plan;
  if (name === 'Trial Started') company.plan = 'trial';
  if (name === 'Subscription Started') company.plan = company.firstPlan;
  if (name === 'Plan Changed') company.plan = company.changesTo;
  const own = `"plan":"${company.plan}","role":"${person.role}","rhythm":"${person.rhythm}"`;
  return recordOf({
    actor: person,
    naming: name === 'page' ? pageNamed(pick(PAGES, draft.detail)) : trackNamed(name),
    messageId,
    timeMs,
    meta,
    properties: own + extras(draft, before),
    context: `"app":{"name":"saas-crm","version":"7.3.1"},"device":{"type":"${person.device}"},"groupId":"${company.id}","library":{"name":"sdk-web","version":"5.1.0"},"locale":"de-DE"`,
  });
}

function extras({ person, name, detail }: Draft, before: string): string {
  const { company } = person;
  if (name === 'page' || name === 'Site Visited') return `,"path":"/${pick(PAGES, detail)}"`;
  if (name === 'Subscription Started' || name === 'Subscription Cancelled') return `,"seats":${company.seats.length},"monthly":${monthly(company)}`;
  if (name !== 'Plan Changed') return '';
  const change = centsOf(company) - centsOf({ ...company, plan: before });
  return `,"seats":${company.seats.length},"change":${change < 0 ? '-' : ''}${decimal(Math.abs(change))},"direction":"${change < 0 ? 'down' : 'up'}"`;
}

function monthly(company: Draft['person']['company']): string {
  return decimal(centsOf(company));
}

function centsOf({ plan, seats }: Draft['person']['company']): number {
  return (PRICE_CENTS[plan] ?? 0) * seats.length;
}
