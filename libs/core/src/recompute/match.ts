/** Selectors and slice values straight from the sentences of `metrics.md`, independent of the compiled ones. */
import type { Clause, Condition, Dimension, Selector, SelectorTerm } from '../definition.ts';
import { COMPOSITE, type PropertyValue } from '../event.ts';
import type { TimelineEvent } from './timeline.ts';

/** Whether an event passes the set's filter and any term of the selector. */
export function matchesPlain(selector: Selector, filter: readonly Clause[], event: TimelineEvent): boolean {
  return passes(filter, event) && selector.anyOf.some((term) => isNamedBy(term, event) && passes(term.where, event));
}

/** Whether an event passes the set's filter and has a name that the selector names, whatever the selector's `where` says. */
export function matchesByName(selector: Selector, filter: readonly Clause[], event: TimelineEvent): boolean {
  return passes(filter, event) && selector.anyOf.some((term) => isNamedBy(term, event));
}

/**
 * The slice value of an event. Text: a string as it is, a number or boolean as its JSON text; absent, null or composite is `''`.
 * In a closed list everything that is not listed is `$other`, the absent value too unless `''` is listed.
 * An open dimension is assumed not to overflow: the oracle knows no `max`.
 */
export function sliceValueOf(dimension: Dimension, event: TimelineEvent): string {
  const value = event.get(dimension.path);
  const text = isPresent(value) && value !== COMPOSITE ? String(value) : '';
  return dimension.values && !dimension.values.includes(text) ? '$other' : text;
}

function isNamedBy(term: SelectorTerm, event: TimelineEvent): boolean {
  return term.event === '*' ? event.isAction : term.event === event.name;
}

export function passes(clauses: readonly Clause[], event: TimelineEvent): boolean {
  return clauses.every((clause) => satisfies(clause.condition, event.get(clause.path)));
}

/** A missing or null property satisfies only `not` and `exists: false`; an object or array exists and equals nothing. */
function satisfies(condition: Condition, value: PropertyValue): boolean {
  switch (condition.test) {
    case 'not':
      return !satisfies(condition.condition, value);
    case 'exists':
      return isPresent(value) === condition.exists;
    case 'in':
      return isPresent(value) && condition.values.some((wanted) => wanted === value);
    case 'range':
      return (
        typeof value === 'number' &&
        (condition.gt === undefined || value > condition.gt) &&
        (condition.gte === undefined || value >= condition.gte) &&
        (condition.lt === undefined || value < condition.lt) &&
        (condition.lte === undefined || value <= condition.lte)
      );
  }
}

function isPresent(value: PropertyValue): value is Exclude<PropertyValue, undefined | null> {
  return value !== undefined && value !== null;
}
