/** How sure rates are: the interval of one, and whether several of them differ by more than chance. */

/** 97.5 % point of the standard normal distribution. */
const Z = 1.959963984540054;

/** Wilson score interval at 95 %, as the service gives it for its own rates; nulls over 0. */
export function wilson(part: number, of: number): { readonly low: number | null; readonly high: number | null } {
  if (of === 0) return { low: null, high: null };
  const share = part / of;
  const zz = (Z * Z) / of;
  const spread = Z * Math.sqrt((share * (1 - share)) / of + zz / (4 * of));
  const centre = share + zz / 2;
  return { low: part === 0 ? 0 : (centre - spread) / (1 + zz), high: part === of ? 1 : (centre + spread) / (1 + zz) };
}

/** Cochran–Armitage test for a trend in proportions over cohorts in their order: standard deviations from no trend; 0 where none can be told. */
export function trendScore(cohorts: readonly { readonly part: number; readonly size: number }[]): number {
  const people = cohorts.reduce((sum, { size }) => sum + size, 0);
  const rate = cohorts.reduce((sum, { part }) => sum + part, 0) / people;
  const mean = cohorts.reduce((sum, { size }, place) => sum + size * place, 0) / people;
  const drift = cohorts.reduce((sum, { part, size }, place) => sum + (place - mean) * (part - size * rate), 0);
  const spread = cohorts.reduce((sum, { size }, place) => sum + size * (place - mean) ** 2, 0) * rate * (1 - rate);
  return spread > 0 ? drift / Math.sqrt(spread) : 0;
}

/** With 95 % confidence. */
export function isBeyondChance(score: number): boolean {
  return Math.abs(score) > Z;
}
