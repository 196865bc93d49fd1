/** What zod found → mistakes as a person needs them: one for each thing to mend, saying what was expected. */
import type { z } from 'zod';
import { didYouMean, nearest } from './nearest.ts';
import { type Mistake, type Path, quote } from './problem.ts';
import { oneOf } from './schema/values.ts';

type Issue = z.core.$ZodIssue;

/** A mistake of shape; `isMissing` when it is about something that is not there. */
export interface ShapeMistake extends Mistake {
  readonly isMissing: boolean;
}

/** One mistake per place; a missing key for which an unknown one was meant is not told twice. */
export function explain(issues: readonly Issue[], data: unknown): readonly ShapeMistake[] {
  const byPlace = new Map<string, ShapeMistake>();
  const meant = new Set<string>();
  const all = issues.flatMap((found) => leaves(found, []));
  const unknownAt = new Set(all.filter(({ code }) => code === 'unrecognized_keys').map(({ path }) => JSON.stringify(path)));
  for (const issue of all) {
    // What keys say together is judged when each of them is right.
    if (issue.code === 'custom' && unknownAt.has(JSON.stringify(issue.path))) continue;
    for (const mistake of sentences(issue, data, meant)) {
      const place = JSON.stringify(mistake.path);
      if (!byPlace.has(place)) byPlace.set(place, mistake);
    }
  }
  return [...byPlace].filter(([place, { isMissing }]) => !(isMissing && meant.has(place))).map(([, mistake]) => mistake);
}

/** Of a union, the issues of the branch that was most likely meant; paths become absolute. */
function leaves(issue: Issue, prefix: Path): readonly Issue[] {
  const path = [...prefix, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))];
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [{ ...issue, path }];
  const fitting = issue.errors.filter((branch) => !branch.some(isOtherType)).sort((left, right) => weight(left) - weight(right));
  const [best] = fitting;
  return best === undefined ? [{ ...issue, path }] : best.flatMap((found) => leaves(found, path));
}

/** Is the value itself of another type than this branch takes, so that the branch was not meant? */
function isOtherType(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === 'invalid_union') return issue.errors.every((branch) => branch.some(isOtherType));
  return issue.code === 'invalid_type' || issue.code === 'invalid_value';
}

function weight(issues: readonly Issue[]): number {
  return issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0);
}

function sentences(issue: Issue, data: unknown, meant: Set<string>): readonly ShapeMistake[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  if (issue.code === 'unrecognized_keys') return unknownKeys(issue.keys, issue.message.split(','), path, meant);
  if (issue.code === 'invalid_key') {
    return [{ path, at: 'key', isMissing: false, message: withValue(issue.issues[0]?.message ?? 'expected another name', path.at(-1)) }];
  }
  const value = valueAt(data, path);
  const isMissing = value === undefined;
  const what = issue.code === 'invalid_union' && 'discriminator' in issue ? kindExpected(issue, value) : issue.message;
  const message = isMissing ? `missing '${path.at(-1)}': ${what}` : withValue(what, value);
  return [{ path, at: 'value', isMissing, message }];
}

function unknownKeys(keys: readonly string[], known: readonly string[], path: Path, meant: Set<string>): readonly ShapeMistake[] {
  return keys.map((key) => {
    const suggestion = nearest(key, known);
    if (suggestion !== undefined) meant.add(JSON.stringify([...path, suggestion]));
    const help = suggestion === undefined ? `: expected ${oneOf(known)}` : didYouMean(key, known);
    return { path: [...path, key], at: 'key', isMissing: false, message: `unknown key ${quote(key)}${help}` };
  });
}

function kindExpected(issue: z.core.$ZodIssueInvalidUnion, value: unknown): string {
  const known = 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
  const help = typeof value === 'string' ? didYouMean(value, known) : '';
  return `expected a kind, ${oneOf(known)}${help}`;
}

function withValue(message: string, value: unknown): string {
  if (!message.startsWith('expected')) return message;
  const [expected, ...help] = message.split('; did you mean');
  return [`${expected}, got ${quote(value)}`, ...help].join('; did you mean');
}

function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const part of path) value = typeof value === 'object' && value !== null && Object.hasOwn(value, part) ? Reflect.get(value, part) : undefined;
  return value;
}
