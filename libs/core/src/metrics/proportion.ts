/** Rates and their intervals. */

/** null over 0. */
export function rate(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

/** 97.5 % point of the standard normal distribution. */
const Z = 1.959963984540054;

/** Wilson score interval at 95 % (Wilson 1927); nulls over 0. */
export function wilson(part: number, whole: number): { low: number | null; high: number | null } {
  if (whole === 0) return { low: null, high: null };
  const share = part / whole;
  const zz = (Z * Z) / whole;
  const centre = share + zz / 2;
  const spread = Z * Math.sqrt((share * (1 - share)) / whole + zz / (4 * whole));
  // At the ends the interval touches 0 or 1 exactly; the arithmetic would miss them by an ulp.
  return { low: part === 0 ? 0 : (centre - spread) / (1 + zz), high: part === whole ? 1 : (centre + spread) / (1 + zz) };
}
