/** The companies that use the sample CRM, and the people who work in them. */
import { createRandom, type Random } from '../random.ts';

const PLANS = ['basic', 'team', 'enterprise'] as const;
/** How often the work itself asks for the CRM. */
const RHYTHMS = ['daily', 'weekly', 'monthly'] as const;

export interface Company {
  readonly index: number;
  readonly id: string;
  /** Day of the trial's start, counted from the first day; negative: a customer when the history begins. */
  readonly startDay: number;
  /** Days from the trial's start to the first payment, or null: the trial ends unpaid. */
  readonly paysAfterDays: number | null;
  /** Day on which the subscription ends; beyond the history: not yet. */
  readonly cancelDay: number;
  /** Day of the one change of plan; beyond the history: none. */
  readonly changeDay: number;
  readonly changesTo: string;
  readonly seats: readonly Seat[];
  /** trial, one of PLANS, or none; moves on as events are written. */
  plan: string;
  /** The plan that it takes when it pays. */
  readonly firstPlan: string;
}

export interface Seat {
  readonly id: string;
  readonly isAnonymous: boolean;
  readonly role: string;
  readonly rhythm: string;
  readonly device: string;
  /** Sessions a working day asks for, before the whole is scaled. */
  readonly appetite: number;
  /** Indexes into the use cases: what this person does in the CRM. */
  readonly useCases: readonly number[];
  readonly company: Company;
}

export const TRIAL_DAYS = 14;
const NEVER = 1_000_000;
const KNOWN_BEFORE_SHARE = 0.5;
const PAYING_SHARE = 0.4;
const APPETITE = [1, 0.28, 0.07];
/** Administrators set things up and stay away; their quiet is no churn. */
const ADMIN_APPETITE = 0.06;
const USE_CASES = 5;
const SEATS: Readonly<Record<string, readonly [number, number]>> = { basic: [1, 4], team: [3, 8], enterprise: [7, 16] };

/** The same seed and index give the same company, whatever the number of companies. */
export function createCompany(seed: number, index: number, days: number): Company {
  const random = createRandom(seed, 1_000_000 + index);
  const isKnown = random.chance(KNOWN_BEFORE_SHARE);
  const planIndex = random.weighted([48, 38, 14]);
  const firstPlan = PLANS[planIndex] ?? 'basic';
  const startDay = isKnown ? -60 - random.whole(0, 500) : Math.floor(random.next() * days);
  const paysAfterDays = isKnown || random.chance(PAYING_SHARE) ? random.whole(5, TRIAL_DAYS) : null;
  const firstPaidDay = isKnown ? 0 : startDay + (paysAfterDays ?? 0) + 1;
  const isUp = planIndex < 2 && random.chance(0.8);
  const seats: Seat[] = [];
  const company: Company = {
    index,
    id: `company-${String(index + 1).padStart(4, '0')}`,
    startDay,
    paysAfterDays,
    cancelDay: random.chance(0.14) ? firstPaidDay + random.whole(20, days) : NEVER,
    changeDay: random.chance(0.22) ? firstPaidDay + random.whole(10, days) : NEVER,
    changesTo: PLANS[Math.max(0, planIndex + (isUp ? 1 : -1))] ?? firstPlan,
    seats,
    plan: isKnown ? firstPlan : 'none',
    firstPlan,
  };
  const [least, most] = SEATS[firstPlan] ?? [1, 4];
  const breadth = random.between(0.25, 0.95);
  for (let seat = random.whole(least, most); seat > 0; seat--) seats.push(createSeat(company, random, { number: seats.length + 1, breadth }));
  return company;
}

function createSeat(company: Company, random: Random, { number, breadth }: { number: number; breadth: number }): Seat {
  const role = number === 1 && random.chance(0.75) ? 'admin' : random.chance(0.7) ? 'sales' : 'support';
  const rhythm = random.weighted(company.firstPlan === 'basic' ? [30, 45, 25] : [55, 34, 11]);
  const useCases = Array.from({ length: USE_CASES }, (_, useCase) => useCase).filter(() => random.chance(breadth));
  return {
    id: `seat-${String(company.index + 1).padStart(4, '0')}-${String(number).padStart(2, '0')}`,
    isAnonymous: false,
    role,
    rhythm: RHYTHMS[rhythm] ?? 'weekly',
    device: ['desktop', 'phone'][random.weighted([78, 22])] ?? 'desktop',
    appetite: role === 'admin' ? ADMIN_APPETITE : (APPETITE[rhythm] ?? 0) * random.between(0.6, 1.4),
    useCases: useCases.length > 0 ? useCases : [random.whole(0, USE_CASES - 1)],
    company,
  };
}
