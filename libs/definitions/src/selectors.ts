/** Selectors and `where` tests as written → canonical terms: clauses sorted, value lists without repeats, names resolved. */
import type { Clause, Condition, Scalar, Selector, SelectorTerm } from '@tidemark/core';
import { canonicalText } from './canonical.ts';
import type { Report } from './kinds/kind.ts';
import { editDistance, nearest } from './nearest.ts';
import { type Path, quote } from './problem.ts';
import type { WrittenCondition, WrittenSelector, WrittenWhere } from './schema/selection.ts';

const MAX_TERMS = 100;

export type Select = (written: WrittenSelector, path: Path) => Selector;

/** A bare name means `properties.<name>`; a dotted path starts at the event. */
export function pathOf(text: string): readonly string[] {
  return text.includes('.') ? text.split('.') : ['properties', text];
}

export function clausesOf(written: WrittenWhere): readonly Clause[] {
  const clauses = Object.entries(written).flatMap(([name, test]) => conditionsOf(test).map((condition) => ({ path: pathOf(name), condition })));
  return sortedUnique(clauses);
}

function conditionsOf(written: WrittenCondition): readonly Condition[] {
  if (typeof written !== 'object') return [{ test: 'in', values: [written] }];
  if (isList(written)) return [{ test: 'in', values: sortedUnique<Scalar>(written) }];
  const { exists, not, ...bounds } = written;
  const conditions: Condition[] = [];
  const range = rangeOf(bounds);
  if (range !== undefined) conditions.push(range);
  if (exists !== undefined) conditions.push({ test: 'exists', exists });
  if (not !== undefined) conditions.push(...conditionsOf(not).map((condition): Condition => ({ test: 'not', condition })));
  return conditions;
}

function isList(written: object): written is readonly Scalar[] & object {
  return Array.isArray(written);
}

type Bounds = { readonly [Name in 'gt' | 'gte' | 'lt' | 'lte']?: number | undefined };

function rangeOf({ gt, gte, lt, lte }: Bounds): Condition | undefined {
  if ([gt, gte, lt, lte].every((value) => value === undefined)) return undefined;
  return {
    test: 'range',
    ...(gt === undefined ? {} : { gt }),
    ...(gte === undefined ? {} : { gte }),
    ...(lt === undefined ? {} : { lt }),
    ...(lte === undefined ? {} : { lte }),
  };
}

/** By their canonical text, so that neither the order nor a repeat in the file matters. */
export function sortedUnique<Item>(items: readonly Item[]): readonly Item[] {
  const byText = new Map(items.map((item) => [canonicalText(item), item]));
  return [...byText.keys()].sort().flatMap((text) => {
    const item = byText.get(text);
    // In a list of its own: an item that is a list stays one.
    return item === undefined ? [] : [item];
  });
}

export interface SelectorBook {
  readonly defined: ReadonlyMap<string, WrittenSelector>;
  /** Names that the file writes in `{ event: … }`: surely events, however much they look like a selector. */
  readonly events: ReadonlySet<string>;
  readonly report: Report;
}

/** Resolves names through the file's selectors. A circle, too many terms and a mistyped selector name are reported where they stand. */
export function selecting(book: SelectorBook): Select {
  const known = new Map<string, readonly SelectorTerm[]>();
  const open = new Set<string>();

  function define(name: string, written: WrittenSelector): readonly SelectorTerm[] {
    const done = known.get(name);
    if (done !== undefined) return done;
    open.add(name);
    const terms = termsOf(written, ['selectors', name]);
    open.delete(name);
    known.set(name, terms);
    return terms;
  }

  function termsOf(written: WrittenSelector, path: Path): readonly SelectorTerm[] {
    if (typeof written === 'string') return named(written, path);
    if (!Array.isArray(written)) return [{ event: written.event, where: clausesOf(written.where ?? {}) }];
    const terms = sortedUnique(written.flatMap((item, index) => termsOf(item, [...path, index])));
    if (terms.length <= MAX_TERMS) return terms;
    book.report(path, `this list comes to ${terms.length} ways to match: at most ${MAX_TERMS} are allowed`);
    return terms.slice(0, MAX_TERMS);
  }

  function named(name: string, path: Path): readonly SelectorTerm[] {
    const written = book.defined.get(name);
    if (written === undefined) {
      const meant = slip(name, book);
      if (meant !== undefined)
        book.report(path, `no selector ${quote(name)} is defined; did you mean '${meant}'? An event of that name is written { event: ${name} }`);
      return [{ event: name, where: [] }];
    }
    if (!open.has(name)) return define(name, written);
    book.report(path, `the selector ${quote(name)} refers to itself: an event of that name is written { event: ${name} }`);
    return [];
  }

  for (const [name, written] of book.defined) define(name, written);
  return (written, path) => ({ name: nameOf(written), anyOf: termsOf(written, path) });
}

/** Only a bare word that looks like a selector's name and is nearly one; `Service Bookd` is an event that we cannot know. */
function slip(name: string, { defined, events }: SelectorBook): string | undefined {
  if (!/^[a-z][a-z0-9_]{3,}$/.test(name) || events.has(name)) return undefined;
  const meant = nearest(name, defined.keys());
  return meant !== undefined && editDistance(name, meant, 3) < 3 ? meant : undefined;
}

function nameOf(written: WrittenSelector): string {
  if (typeof written === 'string') return written;
  return Array.isArray(written) ? written.map(nameOf).join(' or ') : written.event;
}
