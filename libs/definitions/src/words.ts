/** The words of sentences about definitions: lists, durations, selectors, calendars. */
import type { Clause, Condition, MetricBase, Scalar, Selector, SelectorTerm, Unit } from '@tidemark/core';

/** `a`, `a and b`, `a, b and c`. */
export function list(parts: readonly string[], last = 'and'): string {
  return parts.length <= 1 ? (parts[0] ?? '') : `${parts.slice(0, -1).join(', ')} ${last} ${parts.at(-1)}`;
}

export function plural(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}

/** The largest whole unit: 1209600000 → `14 days`. */
export function span(ms: number): string {
  const units: readonly [number, string][] = [
    [86_400_000, 'day'],
    [3_600_000, 'hour'],
    [60_000, 'minute'],
  ];
  for (const [unitMs, name] of units) if (ms % unitMs === 0) return plural(ms / unitMs, name);
  return plural(ms / 1000, 'second');
}

const CALENDAR: Readonly<Record<Unit, string>> = { hour: 'clock hour', day: 'calendar day', week: 'calendar week', month: 'calendar month' };

/** `calendar week (from Monday, Asia/Yerevan)`. */
export function bucket({ unit, weekStart, timezone }: Pick<MetricBase, 'unit' | 'weekStart' | 'timezone'>): string {
  const from = unit === 'week' ? `from ${weekStart === 'monday' ? 'Monday' : 'Sunday'}, ` : '';
  return `${CALENDAR[unit]} (${from}${timezone})`;
}

/** `; also by channel and by device`, or nothing. */
export function alsoBy({ slices }: Pick<MetricBase, 'slices'>): string {
  return slices.length === 0 ? '' : `; also by ${list(slices.map((names) => names.join(' × ')))}`;
}

/** A selector as read aloud: `booked ("Service Booked" where channel is app or web)`. */
export function selection({ name, anyOf }: Selector): string {
  const terms = anyOf.map(termWords);
  const only = anyOf[0];
  if (anyOf.length === 1 && only !== undefined && only.event === name) return terms[0] ?? name;
  const text = list(terms.length > 4 ? [...terms.slice(0, 3), `${terms.length - 3} more`] : terms, 'or');
  return name.includes(' or ') ? text : `${name} (${text})`;
}

/** The names alone: `"Service Booked" or "Service Moved"`. */
export function eventNames({ anyOf }: Selector): string {
  return list([...new Set(anyOf.map(({ event }) => (event === '*' ? 'event' : `"${event}"`)))], 'or');
}

function termWords({ event, where }: SelectorTerm): string {
  const what = event === '*' ? 'any event' : `"${event}"`;
  return where.length === 0 ? what : `${what} where ${list(where.map(clauseWords))}`;
}

/** Every clause of a filter: `channel is app and amount > 5`. */
export function clauses(where: readonly Clause[]): string {
  return list(where.map(clauseWords));
}

function clauseWords({ path, condition }: Clause): string {
  return conditionWords((path[0] === 'properties' && path.length === 2 ? path.slice(1) : path).join('.'), condition);
}

function conditionWords(subject: string, condition: Condition): string {
  if (condition.test === 'not' && condition.condition.test === 'in') return `${subject} is not ${valueWords(condition.condition.values)}`;
  if (condition.test === 'not') return `not (${conditionWords(subject, condition.condition)})`;
  if (condition.test === 'exists') return `${subject} is ${condition.exists ? 'present' : 'absent'}`;
  if (condition.test === 'in') return `${subject} is ${valueWords(condition.values)}`;
  const { gt, gte, lt, lte } = condition;
  const bounds = Object.entries({ '>': gt, '≥': gte, '<': lt, '≤': lte }).flatMap(([sign, bound]) =>
    bound === undefined ? [] : [`${sign} ${bound}`],
  );
  return `${subject} ${list(bounds)}`;
}

function valueWords(values: readonly Scalar[]): string {
  const texts = values.map(String);
  return list(texts.length > 6 ? [...texts.slice(0, 5), `${texts.length - 5} more`] : texts, 'or');
}
