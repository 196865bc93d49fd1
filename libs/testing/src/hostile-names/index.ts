/** Five hundred hostile texts for event names, properties, slice values, ids and headings: what a page, a query, a spreadsheet, a terminal or a log might take for code. */
import { FORMULAS, MARKUP, PATHS, PROTOTYPES, QUERIES, TEMPLATES } from './code.ts';
import { CONTROLS, ESCAPES, HALVES, LOGS, LONG, ORDER, VALUES } from './text.ts';

/** All different. JSON carries all of them; UTF-8 replaces the halves of surrogate pairs (`toWellFormed`). What would run calls `alert(1)`. */
export const hostileNames: readonly string[] = [
  ...new Set([MARKUP, QUERIES, FORMULAS, PROTOTYPES, PATHS, TEMPLATES, ESCAPES, LOGS, ORDER, HALVES, VALUES, CONTROLS, LONG].flat()),
];
