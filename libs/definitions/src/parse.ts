/** One definition file's text → a checked metric set, or every mistake in it with its line and column. */
import type { MetricSet } from '@tidemark/core';
import { buildSet } from './build.ts';
import { explain, type ShapeMistake } from './explain.ts';
import { takeLater } from './later.ts';
import { mend } from './mend.ts';
import { type Path, type Problem, pathText } from './problem.ts';
import { fileSchema } from './schema/file.ts';
import { readSource, type Source } from './source.ts';

const MAX_PROBLEMS = 500;

export type ParsedMetricSet = { readonly ok: true; readonly set: MetricSet } | { readonly ok: false; readonly problems: readonly Problem[] };

interface Found {
  readonly line: number;
  readonly column: number;
  readonly path: Path;
  readonly message: string;
}

/**
 * Parses and checks a definition file, YAML or JSON, of at most 1 MiB. Never throws for what the text says.
 * Problems come in the order of the file. `file` names it in them, and names the set when the text has no `name`.
 */
export function parseMetricSet(text: string, { file }: { readonly file: string }): ParsedMetricSet {
  const source = readSource(text);
  const found: Found[] = source.mistakes.map(({ place, path, message }) => ({ ...place, path, message }));
  if (source.data === undefined) return failed(file, found);
  const mended: unknown = structuredClone(source.data);
  const later = takeLater(mended);
  const shape = shapeMistakes(
    mended,
    later.mistakes.map(({ path }) => path),
    later.metrics,
  );
  const isBroken = Number.isFinite(source.brokenFrom);
  for (const mistake of [...later.mistakes, ...shape]) {
    const place = source.place(mistake);
    // Beyond a syntax error the reading is a guess, and so is what it lacks.
    if (!isBroken || (place.line < source.brokenFrom && !('isMissing' in mistake && mistake.isMissing)))
      found.push({ ...place, path: mistake.path, message: mistake.message });
  }
  if (isBroken) return failed(file, found);
  const mendedPaths = shape.map(({ path }) => path);
  mend(mended, shape);
  const report = reporter(source, found);
  const set = buildSet({ written: source.data, mended, mendedPaths, file, report });
  return found.length === 0 ? { ok: true, set } : failed(file, found);
}

/** What the schema finds, apart from what follows from options that were taken away. */
function shapeMistakes(data: unknown, takenPaths: readonly Path[], takenMetrics: ReadonlySet<number>): readonly ShapeMistake[] {
  const parsed = fileSchema.safeParse(data);
  if (parsed.success) return [];
  const holders = takenPaths.filter((path) => path.length > 3).map((path) => path.slice(0, -1));
  return explain(parsed.error.issues, data).filter(({ path }) => {
    if (path[0] === 'metrics' && typeof path[1] === 'number' && takenMetrics.has(path[1])) return false;
    return !holders.some((holder) => holder.every((part, index) => path[index] === part));
  });
}

function reporter(source: Source, found: Found[]) {
  return (path: Path, message: string): void => {
    found.push({ ...source.place({ path, at: 'value' }), path, message });
  };
}

function failed(file: string, found: readonly Found[]): ParsedMetricSet {
  const sorted = found.toSorted((left, right) => left.line - right.line || left.column - right.column);
  const texts = new Set<string>();
  const problems: Problem[] = [];
  for (const { line, column, path, message } of sorted) {
    const problem = { file, line, column, path: pathText(path), message };
    const key = JSON.stringify([line, column, path]);
    if (texts.has(key)) continue;
    texts.add(key);
    problems.push(problem);
    if (problems.length === MAX_PROBLEMS) break;
  }
  return { ok: false, problems };
}
