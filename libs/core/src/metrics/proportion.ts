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
  return { low: Math.max(0, (centre - spread) / (1 + zz)), high: Math.min(1, (centre + spread) / (1 + zz)) };
}
