/** What is served, and how it changes while questions are answered. */
export { type Catalogue, createCatalogue, type ServedMetric, type ServedSet } from './catalogue.ts';
export type { Progress } from './progress.ts';
export { type PlannedLineage, type PlannedSet, Serving, type ServingOptions } from './serving.ts';
