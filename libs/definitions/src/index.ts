/** Definitions: YAML or JSON text → checked, canonical metric sets with revisions; all mistakes with line and column. */
export { compareSets, type FieldChange, type MetricChange, type SetChange } from './compare-sets.ts';
export { describeMetric, estimateBound, fieldsOf } from './describe.ts';
export { type ParsedMetricSet, parseMetricSet } from './parse.ts';
export { type ParsedMetricSets, parseMetricSets, problemLine } from './parse-files.ts';
export type { Problem } from './problem.ts';
export { metricSetJsonSchema, metricSetJsonSchemaText } from './schema/file.ts';
