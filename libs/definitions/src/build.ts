/** A file's parts that have the right shape → definitions; what only shows across keys is reported here. */
import { type Dimension, formulaOf, type MetricBase, type MetricDefinition, type MetricSet, type WeekStart } from '@tidemark/core';
import { excessOf, fieldsOf } from './describe.ts';
import { settleFormulas } from './formulas.ts';
import { DEFAULT_FRESHNESS, type WrittenBase } from './kinds/base.ts';
import type { Report } from './kinds/kind.ts';
import { kinds, metric as metricSchema, type WrittenMetric } from './kinds/registry.ts';
import { isRecord, listAt } from './later.ts';
import { didYouMean } from './nearest.ts';
import { type Path, quote } from './problem.ts';
import { metricRevision, setRevision } from './revision.ts';
import {
  DEFAULT_DIMENSION_MAX,
  dimension as dimensionSchema,
  selector as selectorSchema,
  type WrittenSelector,
  where as whereSchema,
} from './schema/selection.ts';
import { durationMs } from './schema/values.ts';
import { clausesOf, pathOf, type Select, selecting } from './selectors.ts';

export interface Parts {
  /** The file as it was read: what names exist, and where. */
  readonly written: unknown;
  /** The file without what is mistaken or still to come. */
  readonly mended: unknown;
  /** Paths of the mistakes that were mended. */
  readonly mendedPaths: readonly Path[];
  readonly file: string;
  readonly report: Report;
}

interface FileFacts {
  readonly timezone: string;
  readonly weekStart: WeekStart;
  readonly filter: MetricSet['filter'];
  readonly dimensions: readonly Dimension[];
}

/** Builds all that can be built; the result is a set only when nothing was reported. */
export function buildSet(parts: Parts): MetricSet {
  const { written, mended, mendedPaths, report } = parts;
  const root = isRecord(mended) ? mended : {};
  const filter = whereSchema.safeParse(root['filter']);
  const facts: FileFacts = {
    timezone: typeof root['timezone'] === 'string' ? root['timezone'] : 'UTC',
    weekStart: root['weekStart'] === 'sunday' ? 'sunday' : 'monday',
    filter: filter.success ? clausesOf(filter.data) : [],
    dimensions: dimensionsOf(root['dimensions']),
  };
  const defined = selectorsOf(root['selectors']);
  const select = selecting({ defined, events: eventNames(written), report });
  reportRepeatedIds(written, report);
  reportSlices(written, report);
  const drafts = listAt(mended, 'metrics').flatMap((candidate, index) => {
    const parsed = metricSchema.safeParse(
      isRecord(candidate) && candidate['id'] === undefined ? { ...candidate, id: `unnamed_${index}` } : candidate,
    );
    return parsed.success ? [buildMetric(parsed.data, index, facts, select, parts)] : [];
  });
  const ids = listAt(written, 'metrics').map((_, index) => idAt(written, index));
  const metrics = settleFormulas(drafts, { ids, isWhole: ({ id }) => !mendedPaths.some(([, index]) => idAt(written, index) === id), report });
  const board = listAt(mended, 'board').map((tile) => (typeof tile === 'string' ? tile : ''));
  const isWhole = ({ id }: MetricDefinition) => !mendedPaths.some(([, index]) => idAt(written, index) === id);
  for (const [index, tile] of board.entries()) reportTile(tile, ['board', index], metrics.filter(isWhole), written, report);
  return {
    name: nameOf(root['name'], parts),
    ...facts,
    metrics,
    board,
    revision: setRevision(
      facts.filter,
      metrics.filter((metric) => formulaOf(metric) === null),
    ),
  };
}

function nameOf(written: unknown, { file, report }: Parts): string {
  if (typeof written === 'string') return written;
  const base = file.split(/[\\/]/).at(-1) ?? '';
  const name = base
    .replace(/\.[^.]*$/, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
  if (/^[a-z][a-z0-9-]{0,62}$/.test(name)) return name;
  report([], `the set needs a name, and the file's (${quote(base)}) is none: write name: my-set, 1 to 63 of a-z, 0-9 and -`);
  return 'unnamed';
}

function dimensionsOf(written: unknown): readonly Dimension[] {
  return Object.entries(isRecord(written) ? written : {}).flatMap(([name, candidate]) => {
    const parsed = dimensionSchema.safeParse(candidate);
    if (!parsed.success) return [];
    const { property, values, max, hold } = parsed.data;
    const texts = values === undefined ? undefined : [...new Set(values.map(String))];
    const size = texts?.length ?? max ?? DEFAULT_DIMENSION_MAX;
    return [
      {
        name,
        path: pathOf(property),
        ...(texts === undefined ? {} : { values: texts }),
        max: size,
        ...(hold === undefined ? {} : { hold }),
      },
    ];
  });
}

function selectorsOf(written: unknown): ReadonlyMap<string, WrittenSelector> {
  const defined = new Map<string, WrittenSelector>();
  for (const [name, candidate] of Object.entries(isRecord(written) ? written : {})) {
    const parsed = selectorSchema.safeParse(candidate);
    // A mistaken selector is still defined: its users have made no mistake.
    defined.set(name, parsed.success ? parsed.data : { event: name });
  }
  return defined;
}

/** Every name that the file writes as `{ event: name }`. */
function eventNames(data: unknown, found = new Set<string>()): ReadonlySet<string> {
  if (Array.isArray(data)) for (const item of data) eventNames(item, found);
  else if (isRecord(data)) {
    if (typeof data['event'] === 'string' && data['kind'] === undefined) found.add(data['event']);
    for (const value of Object.values(data)) eventNames(value, found);
  }
  return found;
}

function reportRepeatedIds(written: unknown, report: Report): void {
  const first = new Map<string, number>();
  for (const [index, metric] of listAt(written, 'metrics').entries()) {
    const id = isRecord(metric) ? metric['id'] : undefined;
    if (typeof id !== 'string') continue;
    const before = first.get(id);
    if (before === undefined) first.set(id, index);
    else report(['metrics', index, 'id'], `the id ${quote(id)} is taken by metrics[${before}]: choose another`);
  }
}

/** Looks at the file as written, so that a mistake in a dimension or beside a slice hides nothing here. */
function reportSlices(written: unknown, report: Report): void {
  const dimensions = isRecord(written) ? written['dimensions'] : undefined;
  const known = isRecord(dimensions) ? Object.keys(dimensions) : [];
  const held = Object.entries(isRecord(dimensions) ? dimensions : {}).flatMap(([name, each]) => (isRecord(each) && 'hold' in each ? [name] : []));
  for (const [index, metric] of listAt(written, 'metrics').entries()) {
    const seen = new Set<string>();
    for (const [position, slice] of listAt(metric, 'slice').entries()) {
      const path = ['metrics', index, 'slice', position];
      const names: readonly unknown[] = Array.isArray(slice) ? slice : [slice];
      // The same dimensions in another order cut the events alike.
      const key = JSON.stringify(names.toSorted());
      if (seen.has(key)) report(path, `the slice ${quote(slice)} stands twice${names.length > 1 ? ', in whatever order' : ''}: keep one of them`);
      seen.add(key);
      for (const [member, name] of names.entries()) {
        const at = Array.isArray(slice) ? [...path, member] : path;
        if (names.indexOf(name) < member) report(at, `the dimension ${quote(name)} stands twice in one slice: keep one of them`);
        else if (typeof name === 'string' && !known.includes(name)) report(at, unknownDimension(name, known));
      }
      const [heldOne] = names.filter((name) => typeof name === 'string' && held.includes(name));
      const [shownOne] = names.filter((name) => typeof name === 'string' && known.includes(name) && !held.includes(name));
      if (heldOne !== undefined && shownOne !== undefined)
        report(
          path,
          `not supported yet: one slice by ${quote(heldOne)}, which people hold, and ${quote(shownOne)}, which events show: slice by each of them`,
        );
    }
  }
}

function unknownDimension(name: string, known: readonly string[]): string {
  const suggestion = didYouMean(name, known);
  if (suggestion !== '') return `unknown dimension ${quote(name)}${suggestion}`;
  const help = known.length === 0 ? 'define it under dimensions' : `expected one of ${known.join(', ')}`;
  return `unknown dimension ${quote(name)}: ${help}`;
}

function buildMetric(written: WrittenMetric, index: number, facts: FileFacts, select: Select, { report, mendedPaths }: Parts): MetricDefinition {
  const at: Path = ['metrics', index];
  const reportHere: Report = (path, message) => report([...at, ...path], message);
  const wasMended = (key: string): boolean => mendedPaths.some((path) => path[0] === 'metrics' && path[1] === index && path[2] === key);
  const base = baseOf(written, facts);
  const draft = draftOf(written, base, (selector, path) => select(selector, [...at, ...path]), { report: reportHere, wasMended });
  reportTarget(
    written,
    draft,
    reportHere,
    mendedPaths.some((path) => path[1] === index && path[2] !== 'target'),
  );
  const isGuess = mendedPaths.some((path) => path[0] === 'dimensions' || path[1] === index);
  const excess = isGuess ? null : excessOf(draft, facts.dimensions);
  if (excess !== null) reportHere(excess.slice === null ? [] : ['slice', excess.slice], excess.message);
  return { ...draft, revision: metricRevision(draft, facts.filter, facts.dimensions) };
}

interface Watch {
  readonly report: Report;
  readonly wasMended: (key: string) => boolean;
}

function draftOf(written: WrittenMetric, base: MetricBase, select: Select, { report, wasMended }: Watch): MetricDefinition {
  switch (written.kind) {
    case 'retention':
      kinds.retention.check(written, report, wasMended);
      return kinds.retention.build(written, base, select);
    case 'funnel':
      kinds.funnel.check(written, report, wasMended);
      return kinds.funnel.build(written, base, select);
    case 'activation':
      kinds.activation.check(written, report, wasMended);
      return kinds.activation.build(written, base, select);
    case 'activity':
      kinds.activity.check(written, report, wasMended);
      return kinds.activity.build(written, base, select);
    case 'kpi':
      kinds.kpi.check(written, report, wasMended);
      return kinds.kpi.build(written, base, select);
  }
}

function baseOf(written: WrittenBase & { readonly unit: MetricBase['unit'] }, facts: FileFacts): MetricBase {
  const { id, title, description, owner, target } = written;
  return {
    id,
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...ownerOf(owner),
    ...(target === undefined
      ? {}
      : {
          target: {
            of: target.of ?? 'value',
            value: target.value,
            ...(target.per === undefined ? {} : { per: target.per }),
            direction: target.direction,
            ...(target.since === undefined ? {} : { since: target.since }),
          },
        }),
    timezone: written.timezone ?? facts.timezone,
    weekStart: written.weekStart ?? facts.weekStart,
    unit: written.unit,
    slices: (written.slice ?? []).map((slice) => (typeof slice === 'string' ? [slice] : slice)),
    freshnessMs: durationMs(written.freshness ?? DEFAULT_FRESHNESS) ?? 0,
    revision: '',
  };
}

function ownerOf(owner: WrittenBase['owner']): Pick<MetricBase, 'owner' | 'ownerSince'> {
  if (owner === undefined) return {};
  return typeof owner === 'string' ? { owner } : { owner: owner.name, ...(owner.since === undefined ? {} : { ownerSince: owner.since }) };
}

function reportTarget({ kind, target }: WrittenMetric, metric: MetricDefinition, report: Report, isGuess: boolean): void {
  if (target === undefined) return;
  const fields = fieldsOf(metric);
  if (target.of === undefined && kind !== 'kpi') report(['target', 'of'], `missing 'of': expected a field of this ${kind}, ${examples(fields)}`);
  else if (target.of !== undefined && !isGuess && !fields.includes(target.of)) report(['target', 'of'], unknownField(target.of, kind, fields));
  if (target.per !== undefined && kind !== 'kpi')
    report(['target', 'per'], `per is for a kpi only: a ${kind} has one value over a range, leave it out`);
}

function idAt(written: unknown, index: string | number | undefined): unknown {
  const metric = typeof index === 'number' ? listAt(written, 'metrics')[index] : undefined;
  return isRecord(metric) ? metric['id'] : undefined;
}

/** A tile is `metric.field`; a kpi may stand alone. */
function reportTile(tile: string, path: Path, metrics: readonly MetricDefinition[], written: unknown, report: Report): void {
  if (tile === '') return;
  const [id = '', ...rest] = tile.split('.');
  const field = rest.join('.');
  const ids = listAt(written, 'metrics').flatMap((metric) => (isRecord(metric) && typeof metric['id'] === 'string' ? [metric['id']] : []));
  if (!ids.includes(id)) {
    report(path, `unknown metric ${quote(id)}${didYouMean(id, ids) || ': expected a tile such as cabinet_retention.overall.30.rate'}`);
    return;
  }
  const metric = metrics.find((candidate) => candidate.id === id);
  if (metric === undefined || (field === '' && metric.kind === 'kpi' && rest.length === 0)) return;
  const fields = fieldsOf(metric);
  if (field === '') report(path, `expected a field of the ${metric.kind} after its id, such as ${id}.${fields[0]}`);
  else if (!fields.includes(field)) report(path, unknownField(field, metric.kind, fields));
}

function unknownField(field: string, kind: string, fields: readonly string[]): string {
  return `unknown field ${quote(field)} of this ${kind}${didYouMean(field, fields) || `: expected one like ${examples(fields)}`}`;
}

function examples(fields: readonly string[]): string {
  return fields.length > 8 ? `${fields.slice(0, 8).join(', ')} …` : fields.join(', ');
}
