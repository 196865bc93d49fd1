/** Times as people say them: `3 h 12 min`, `in 2 d 5 h`, `24 Nov 00:00` in the metric's zone. */

const NARROW = '\u202f';
const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const;

/** Two units that matter: `3 h 12 min`, `42 s`, `0.4 s`, `5 d`. Null: `–`. */
export function duration(seconds: number | null): string {
  if (seconds === null) return '–';
  if (seconds < 9.95) return seconds === 0 ? `0${NARROW}s` : `${seconds < 0.05 ? '<0.1' : seconds.toFixed(1)}${NARROW}s`;
  const at = UNITS.findIndex(([, size]) => seconds >= size);
  const [unit, size] = UNITS[at] ?? UNITS[3];
  const next = UNITS[at + 1];
  if (next === undefined || seconds >= size * 30) {
    const whole = Math.round(seconds / size);
    const larger = UNITS[at - 1];
    return larger !== undefined && whole * size >= larger[1] ? duration(larger[1]) : `${whole}${NARROW}${unit}`;
  }
  const rounded = Math.round(seconds / next[1]) * next[1];
  const rest = Math.round((rounded % size) / next[1]);
  const lead = `${Math.floor(rounded / size)}${NARROW}${unit}`;
  return rest === 0 ? lead : `${lead} ${rest}${NARROW}${next[0]}`;
}

/** `24 Nov 00:00`, in the zone. */
export function instantText(instant: string | number, timezone: string): string {
  const parts = { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: timezone } as const;
  return new Intl.DateTimeFormat('en-GB', parts).format(new Date(instant)).replace(',', '');
}

/** `14:02:10`, by the reader's own clock. */
export function clockText(ms: number, { seconds = true }: { readonly seconds?: boolean } = {}): string {
  const second = seconds ? ({ second: '2-digit' } as const) : {};
  const parts = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...second } as const;
  return new Intl.DateTimeFormat('en-GB', parts).format(new Date(ms));
}

/** `can change until 24 Nov 00:00 (in 2 d 5 h)`. */
export function closingText(closesAt: string, { timezone, nowMs }: { readonly timezone: string; readonly nowMs: number }): string {
  const leftS = (Date.parse(closesAt) - nowMs) / 1_000;
  return `can change until ${instantText(closesAt, timezone)}${leftS > 0 ? ` (in ${duration(leftS)})` : ' (when the log has passed it)'}`;
}
