/** What an edited set changes: metric by metric, field by field, and whether any integer of a cell may become another. */
import { formulaOf, type MetricDefinition, type MetricSet } from '@tidemark/core';
import { canonicalText } from './canonical.ts';
import { clauses, list, selection, span } from './words.ts';

export interface FieldChange {
  /** As in a definition file: `window`, `steps[2]`, `target.value`, `dimension country`. */
  readonly field: string;
  /** In words; null where it is absent. */
  readonly was: string | null;
  readonly is: string | null;
}

/** `words`: title, owner, target and the like, which change no integer. */
export interface MetricChange {
  readonly id: string;
  readonly change: 'new' | 'edited' | 'words' | 'retired' | 'unchanged';
  /** An edited formula is not rebuilt: it is answered from the cells of others. */
  readonly rebuilds: boolean;
  /** Of what was edited or got other words. */
  readonly fields: readonly FieldChange[];
}

export interface SetChange {
  /** In the order of the new file, then those that it leaves out. */
  readonly metrics: readonly MetricChange[];
  /** Of the set itself: the board. */
  readonly fields: readonly FieldChange[];
  /** The cells are another set's: a new lineage. */
  readonly rebuilds: boolean;
}

/** `before`: null where nothing is served yet. */
export function compareSets(before: MetricSet | null, after: MetricSet): SetChange {
  const metrics = after.metrics.map((metric): MetricChange => {
    const old = before?.metrics.find(({ id }) => id === metric.id);
    const { id } = metric;
    if (before === null || old === undefined) return { id, change: 'new', rebuilds: hasCells(metric), fields: [] };
    const fields = compareFields(fieldTexts(old, before), fieldTexts(metric, after));
    if (old.revision !== metric.revision) return { id, change: 'edited', rebuilds: hasCells(metric) || hasCells(old), fields };
    return { id, change: fields.length === 0 ? 'unchanged' : 'words', rebuilds: false, fields };
  });
  const retired = (before?.metrics ?? []).filter((old) => !after.metrics.some(({ id }) => id === old.id));
  return {
    metrics: [...metrics, ...retired.map((old): MetricChange => ({ id: old.id, change: 'retired', rebuilds: hasCells(old), fields: [] }))],
    fields: before === null ? [] : compareFields(boardTexts(before), boardTexts(after)),
    rebuilds: before?.revision !== after.revision,
  };
}

function hasCells(metric: MetricDefinition): boolean {
  return formulaOf(metric) === null;
}

/** A value by its meaning, and as a person reads it. */
interface FieldText {
  readonly meaning: string;
  readonly words: string;
}

type Fields = ReadonlyMap<string, FieldText>;

function compareFields(before: Fields, after: Fields): readonly FieldChange[] {
  return [...new Set([...after.keys(), ...before.keys()])].flatMap((field) => {
    const [was, is] = [before.get(field), after.get(field)];
    if (was?.meaning === is?.meaning) return [];
    // Long lists are told by their beginnings: where these are alike, everything is.
    const isTold = was?.words !== is?.words;
    const text = (found: FieldText | undefined): string | null => (found === undefined ? null : isTold ? found.words : found.meaning);
    return [{ field, was: text(was), is: text(is) }];
  });
}

function boardTexts({ board }: MetricSet): Fields {
  return new Map([['board', { meaning: canonicalText(board), words: list(board) }]]);
}

/** Everything that a metric is made of, what the file says for all metrics included. */
function fieldTexts({ id: _id, revision: _revision, ...fields }: MetricDefinition, { filter, dimensions }: MetricSet): Fields {
  const found = new Map<string, FieldText>();
  for (const [name, value] of Object.entries(fields)) addField(found, name, value);
  if (filter.length > 0) found.set('filter', { meaning: canonicalText(filter), words: clauses(filter) });
  for (const { name, path, values, max, hold } of dimensions) {
    if (!fields.slices.some((slice) => slice.includes(name))) continue;
    const size = values === undefined ? `at most ${max} values` : list(values);
    const words = `${path.join('.')}, ${size}${hold === undefined ? '' : ", each person's first"}`;
    found.set(`dimension ${name}`, { meaning: canonicalText({ path, values, max, hold }), words });
  }
  return found;
}

function addField(found: Map<string, FieldText>, name: string, value: unknown): void {
  if (value === undefined) return;
  const meaning = canonicalText(value);
  if (isSelector(value)) found.set(name, { meaning, words: selection(value) });
  else if (Array.isArray(value)) {
    if (name === 'slices' || value.every(isScalar)) found.set(name, { meaning, words: listWords(value) });
    else for (const [index, item] of value.entries()) addField(found, `${name}[${index + 1}]`, item);
  } else if (typeof value === 'object' && value !== null) for (const [key, part] of Object.entries(value)) addField(found, `${name}.${key}`, part);
  else if (name.endsWith('Ms')) found.set(name.slice(0, -2), { meaning, words: typeof value === 'number' ? span(value) : 'for ever' });
  else found.set(name, { meaning, words: String(value) });
}

function listWords(items: readonly unknown[]): string {
  const texts = items.map((item) => (Array.isArray(item) ? item.join(' × ') : String(item)));
  return texts.length === 0 ? 'none' : list(texts);
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}

type Selector = Parameters<typeof selection>[0];

function isSelector(value: unknown): value is Selector {
  return typeof value === 'object' && value !== null && 'anyOf' in value && Array.isArray(value.anyOf) && 'name' in value;
}
