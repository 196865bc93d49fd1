/** Growth that hides decay, as numbers: more people come each month, and each month's people stay less and pay less. */

/** Those who come in one calendar month; every number is already divided by the scale. */
export interface CohortPlan {
  readonly newcomers: number;
  /** People active in the month of this age; all of them at age 0, and those of a later age are among those of an earlier one. */
  staying(age: number): number;
  /** Payments made in the month of this age, one a person, by those who stay longest. */
  paying(age: number): number;
  /** Cents of the payment that the payer of this rank makes at this age. */
  amountCents(age: number, rank: number): number;
}

/** A cohort pays for four months, its own included; its ARPU is over these. */
const PAYING_MONTHS = 4;

const FIRST_NEWCOMERS = 10_000;
const MORE_EACH_MONTH = 5_000;
const FIRST_ARPU_CENTS = 200;
const ARPU_CENTS_LOST_EACH_MONTH = 10;
/** Of the first cohort, at ages 1 to 4; from there on nobody leaves. */
const STAYING_PERCENT = [30, 25, 20, 15];
const POINTS_LOST_EACH_MONTH = 2;
/** Of those who stay; in the first month, of those who will stay for the second. */
const PAYING_SHARE = 0.4;

/** `index` counts months from the first cohort, 0; `scale` people of the story are one here. With a scale of 50, every number is whole without rounding, but for a fraction of payers. */
export function cohortPlan(index: number, scale: number): CohortPlan {
  const newcomers = Math.round((FIRST_NEWCOMERS + MORE_EACH_MONTH * index) / scale);
  const staying = (age: number): number => {
    if (age === 0) return newcomers;
    const percent = (STAYING_PERCENT[Math.min(age, STAYING_PERCENT.length) - 1] ?? 0) - POINTS_LOST_EACH_MONTH * index;
    return Math.round((newcomers * Math.max(1, percent)) / 100);
  };
  const paying = (age: number): number => (age < PAYING_MONTHS ? Math.max(1, Math.round(PAYING_SHARE * staying(Math.max(1, age)))) : 0);
  const payments = Array.from({ length: PAYING_MONTHS }, (_, age) => paying(age));
  const count = payments.reduce((sum, each) => sum + each, 0);
  const totalCents = newcomers * Math.max(0, FIRST_ARPU_CENTS - ARPU_CENTS_LOST_EACH_MONTH * index);
  return {
    newcomers,
    staying,
    paying,
    // The cents that do not divide go to the earliest payments.
    amountCents(age, rank) {
      const number = payments.slice(0, age).reduce((sum, each) => sum + each, rank);
      return Math.floor(totalCents / count) + (number < totalCents % count ? 1 : 0);
    },
  };
}
