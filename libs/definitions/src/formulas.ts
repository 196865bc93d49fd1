/** Formulas of a set, once all its metrics are built: what they name exists and fits, none names itself, and revisions reach what they name. */
import { FormulaError, formulaOf, type KpiDefinition, type MetricDefinition, namesIn, parseFormula, splitReference } from '@tidemark/core';
import { revisionOf } from './canonical.ts';
import { fieldsOf } from './describe.ts';
import type { Report } from './kinds/kind.ts';
import { NESTS_IN } from './kinds/kpi.ts';
import { didYouMean } from './nearest.ts';
import { type Path, quote } from './problem.ts';

export interface FormulaFacts {
  /** Ids of the file in order, mistaken metrics too. */
  readonly ids: readonly unknown[];
  /** Whether a metric was built from all that was written of it: only then are its fields known. */
  isWhole(metric: MetricDefinition): boolean;
  readonly report: Report;
}

/** The metrics, with the revision of each formula made of its own meaning and of the revisions of what it names. Mistakes are reported. */
export function settleFormulas(metrics: readonly MetricDefinition[], facts: FormulaFacts): readonly MetricDefinition[] {
  for (const metric of metrics) if (metric.kind === 'kpi' && formulaOf(metric) !== null) checkFormula(metric, metrics, facts);
  const settled = new Map<string, MetricDefinition>();
  const open: string[] = [];
  const settle = (metric: MetricDefinition): MetricDefinition => {
    const formula = formulaOf(metric);
    const done = settled.get(metric.id);
    if (formula === null || done !== undefined) return done ?? metric;
    if (open.includes(metric.id)) {
      const circle = [...open.slice(open.indexOf(metric.id)), metric.id].join(' → ');
      facts.report([...placeOf(metric, facts), 'of'], `a formula cannot name itself: ${circle}`);
      return metric;
    }
    open.push(metric.id);
    const names = Object.entries(formula.of).map(([name, reference]): [string, unknown] => {
      const { id, field } = splitReference(reference);
      const named = metrics.find((candidate) => candidate.id === id);
      return [name, [named === undefined ? id : settle(named).revision, field === '' ? 'total' : field]];
    });
    open.pop();
    const own = { ...metric, revision: revisionOf({ formula: metric.revision, of: Object.fromEntries(names) }) };
    settled.set(metric.id, own);
    return own;
  };
  return metrics.map(settle);
}

function placeOf(metric: MetricDefinition, { ids }: FormulaFacts): Path {
  return ['metrics', ids.indexOf(metric.id), 'measure'];
}

function checkFormula(metric: KpiDefinition, metrics: readonly MetricDefinition[], facts: FormulaFacts): void {
  const formula = formulaOf(metric);
  if (formula === null) return;
  const at = placeOf(metric, facts);
  const names = Object.keys(formula.of);
  try {
    const used = namesIn(parseFormula(formula.expression));
    for (const name of used) {
      if (!names.includes(name))
        facts.report([...at, 'formula'], `the name ${quote(name)} is not in of${didYouMean(name, names) || `: expected one of ${names.join(', ')}`}`);
    }
    for (const name of names) if (!used.includes(name)) facts.report([...at, 'of', name], `the formula does not use ${quote(name)}: leave it out`);
  } catch (error) {
    if (!(error instanceof FormulaError)) throw error;
    facts.report([...at, 'formula'], error.message);
  }
  for (const [name, reference] of Object.entries(formula.of)) {
    const mistake = mistakeOf(metric, reference, metrics, facts);
    if (mistake !== null) facts.report([...at, 'of', name], mistake);
  }
}

function mistakeOf(metric: KpiDefinition, reference: string, metrics: readonly MetricDefinition[], { ids, isWhole }: FormulaFacts): string | null {
  const { id, field } = splitReference(reference);
  if (!ids.includes(id)) {
    const known = ids.filter((each) => typeof each === 'string');
    return `unknown metric ${quote(id)}${didYouMean(id, known) || ': expected a metric of this file, or a field of one such as actives.churned'}`;
  }
  const named = metrics.find((candidate) => candidate.id === id);
  if (named === undefined || !isWhole(named)) return null;
  const fields = fieldsOf(named);
  const shown = fields.length > 8 ? `${fields.slice(0, 8).join(', ')} …` : fields.join(', ');
  if (field === '' && named.kind !== 'kpi') return `expected a field of the ${named.kind} after its id, such as ${id}.${fields[0]}`;
  if (field !== '' && !fields.includes(field))
    return `unknown field ${quote(field)} of this ${named.kind}${didYouMean(field, fields) || `: expected one like ${shown}`}`;
  return misfit(metric, named);
}

/** Why the named metric's buckets do not make up the formula's. */
function misfit(metric: KpiDefinition, named: MetricDefinition): string | null {
  if (!NESTS_IN[named.unit].includes(metric.unit))
    return `${named.id} is kept per ${named.unit}, and buckets of a ${named.unit} do not add up to a ${metric.unit}`;
  if (named.timezone !== metric.timezone)
    return `${named.id} has its buckets in ${named.timezone}, the formula in ${metric.timezone}: set the same timezone`;
  if (named.unit === 'week' && named.weekStart !== metric.weekStart)
    return `the weeks of ${named.id} begin on ${named.weekStart}: set the same weekStart`;
  const missing = metric.slices.find((tuple) => !named.slices.some((own) => own.join() === tuple.join()));
  return missing === undefined ? null : `${named.id} is not sliced by ${missing.join(' × ')}: add the slice there, or leave it out of the formula`;
}
