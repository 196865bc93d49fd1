/** The sample CRM going on in real time: people of the history's customers at work, visitors, and now and then a trial. */
import { LIVE_PACE, type LiveRate, type LiveSource, liveSource } from '../live.ts';
import type { Random } from '../random.ts';
import { type Company, createCompany, type Seat, TRIAL_DAYS } from './companies.ts';
import { type CrmHistoryOptions, createLooker, eventsPerWork } from './history.ts';
import { writeRecord } from './record.ts';
import { add, type Draft, lookAround, work } from './visit.ts';

export interface CrmLiveOptions extends LiveRate, Pick<CrmHistoryOptions, 'companies' | 'days'> {}

/** Of the companies that try. */
const PAYING_SHARE = 0.4;

interface Crowd {
  readonly options: CrmLiveOptions;
  readonly workers: Seat[];
  /** How much the first so many of them work together. */
  readonly appetites: number[];
  companies: number;
  lookers: number;
}

export function crmLive(options: CrmLiveOptions): LiveSource {
  const { seed, companies, days } = options;
  const customers = Array.from({ length: companies }, (_, index) => createCompany(seed, index, days)).filter((company) => isCustomer(company, days));
  const crowd: Crowd = { options, workers: [], appetites: [], companies, lookers: 0 };
  for (const company of customers) for (const seat of company.seats) join(crowd, seat);
  return liveSource<Draft>(options, {
    idPrefix: 'crm-l',
    eventsPerSession: 0.9 * eventsPerWork(seed) + 0.2,
    session: (random, startMs) => sessionOf(crowd, random, startMs),
    write: writeRecord,
  });
}

/** At the end of the history; its plan is then what it had become. */
function isCustomer(company: Company, days: number): boolean {
  const { startDay, paysAfterDays, cancelDay, changeDay } = company;
  if (cancelDay < days || startDay >= days) return false;
  if (paysAfterDays === null) return startDay + TRIAL_DAYS > days;
  company.plan = startDay + paysAfterDays >= days ? 'trial' : changeDay < days ? company.changesTo : company.firstPlan;
  return true;
}

function join({ workers, appetites }: Crowd, seat: Seat): void {
  workers.push(seat);
  appetites.push((appetites.at(-1) ?? 0) + seat.appetite);
}

function sessionOf(crowd: Crowd, random: Random, startMs: number): Draft[] {
  const drafts: Draft[] = [];
  const scene = { random, pace: LIVE_PACE, drafts };
  const kind = random.weighted([90, 9, 1]);
  if (kind === 0) work(scene, workerOf(crowd, random), startMs);
  else if (kind === 1) lookAround(scene, createLooker(`look-${startMs.toString(36)}-${crowd.lookers++}`, random), startMs);
  else {
    const company = createCompany(crowd.options.seed, crowd.companies++, 1);
    const [admin] = company.seats;
    if (admin === undefined) return drafts;
    company.plan = 'none';
    for (const seat of company.seats) join(crowd, seat);
    lookAround(scene, admin, startMs);
    add(scene, admin, 'Trial Started', startMs + 30_000);
    if (random.chance(PAYING_SHARE)) add(scene, admin, 'Subscription Started', startMs + 60_000);
  }
  return drafts;
}

/** Who works much comes up often. */
function workerOf({ workers, appetites }: Crowd, random: Random): Seat {
  const target = random.next() * (appetites.at(-1) ?? 0);
  let low = 0;
  let high = workers.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((appetites[middle] ?? 0) > target) high = middle;
    else low = middle + 1;
  }
  return workers[low] ?? createLooker('look-nobody', random);
}
