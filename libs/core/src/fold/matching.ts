/** Compiles `where` clauses and selectors into tests on an event, and orders them by event name so that an event meets only what can match it. */
import type { Clause, Condition, Scalar, Selector } from '../definition.ts';
import type { EventView, PropertyValue, Vocabulary } from '../event.ts';

export type EventTest = (event: EventView) => boolean;

/** All clauses must hold; no clauses hold always. */
export function compileClauses(clauses: readonly Clause[], vocabulary: Vocabulary): EventTest {
  const tests = clauses.map(({ path, condition }) => {
    const id = vocabulary.path(path);
    const test = compileCondition(condition);
    return (event: EventView) => test(event.property(id));
  });
  const [first, second] = tests;
  if (first === undefined) return () => true;
  if (second === undefined) return first;
  return (event) => {
    for (const test of tests) if (!test(event)) return false;
    return true;
  };
}

/** A missing or null property satisfies only `not` and `exists: false`. */
function compileCondition(condition: Condition): (value: PropertyValue) => boolean {
  switch (condition.test) {
    case 'in': {
      const values = new Set<PropertyValue>(condition.values.filter((value): value is Exclude<Scalar, null> => value !== null));
      return (value) => values.has(value);
    }
    case 'range': {
      const {
        gt = Number.NEGATIVE_INFINITY,
        gte = Number.NEGATIVE_INFINITY,
        lt = Number.POSITIVE_INFINITY,
        lte = Number.POSITIVE_INFINITY,
      } = condition;
      const open = { gt: condition.gt !== undefined, lt: condition.lt !== undefined };
      return (value) => typeof value === 'number' && (!open.gt || value > gt) && value >= gte && (!open.lt || value < lt) && value <= lte;
    }
    case 'exists': {
      const { exists } = condition;
      return (value) => (value !== undefined && value !== null) === exists;
    }
    case 'not': {
      const test = compileCondition(condition.condition);
      return (value) => !test(value);
    }
  }
}

/** One selector that an event of the plan's name can match: any of `tests`, none needed when `always`. */
export interface SelectorTests {
  readonly index: number;
  readonly always: boolean;
  readonly tests: readonly EventTest[];
}

/** The distinct selectors of a partition's fold, numbered. */
export class SelectorTable {
  readonly #vocabulary: Vocabulary;
  readonly #selectors: Selector[] = [];
  readonly #indexByKey = new Map<string, number>();

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
  }

  /** The number of a selector; equal terms share one. */
  index(selector: Selector): number {
    const key = selectorKey(selector);
    const known = this.#indexByKey.get(key);
    if (known !== undefined) return known;
    for (const term of selector.anyOf) {
      if (term.event !== '*') this.#vocabulary.name(term.event);
      for (const clause of term.where) this.#vocabulary.path(clause.path);
    }
    const index = this.#selectors.push(selector) - 1;
    this.#indexByKey.set(key, index);
    return index;
  }

  get size(): number {
    return this.#selectors.length;
  }

  /** Event names that some selector names. */
  names(): ReadonlySet<string> {
    return new Set(this.#selectors.flatMap((selector) => selector.anyOf.map((term) => term.event)).filter((event) => event !== '*'));
  }

  /** What an event of this name (null: a name that no selector names) can match. */
  testsFor(name: string | null, isAction: boolean): SelectorTests[] {
    return this.#selectors.flatMap((selector, index) => {
      const terms = selector.anyOf.filter((term) => term.event === name || (term.event === '*' && isAction));
      if (terms.length === 0) return [];
      const always = terms.some((term) => term.where.length === 0);
      return [{ index, always, tests: always ? [] : terms.map((term) => compileClauses(term.where, this.#vocabulary)) }];
    });
  }
}

/** Canonical text of what a selector matches; its name does not matter. */
export function selectorKey(selector: Selector): string {
  return JSON.stringify(selector.anyOf.map((term) => [term.event, term.where.map(({ path, condition }) => [path, condition])]));
}
