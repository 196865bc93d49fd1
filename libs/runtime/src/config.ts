/** Reads a service's configuration from the environment, once, and reports every mistake at once with its fix. */
import { readFileSync, statSync } from 'node:fs';
import type { z } from 'zod';
import { type FieldHelp, fieldHelp } from './fields.ts';
import { boundText, isSecretName, printable, redactText, redactUrl } from './redact.ts';
import { projectVariables } from './variables.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export type ConfigResult<T> = { readonly ok: true; readonly config: T } | { readonly ok: false; readonly problems: readonly string[] };

export interface ReadConfigOptions {
  /** Further variables that are no typing errors, beside the schema's and the project's. */
  readonly knownNames?: readonly string[];
  /** Reads a file named by `NAME_FILE`; throws when it cannot. Default: the file system, at most 64 KiB. */
  readonly readFile?: (path: string) => string;
}

/** Variables that begin so belong to the project: an unknown one is a typing error. */
export const variablePrefix = 'TIDEMARK_';
const maxSecretFileBytes = 64 * 1024;

/**
 * Checks the environment against a zod object whose keys are variable names and whose fields take text (see `fields.ts`).
 * An empty variable counts as not set. `NAME_FILE` names a file whose content, without its last line end, is the value of `NAME`.
 * Returns the typed values under the same names, or one line per mistake: variable, what was expected, fix. Secrets are never in a line.
 */
export function readConfig<S extends z.ZodObject>(schema: S, env: Environment, options: ReadConfigOptions = {}): ConfigResult<z.output<S>> {
  const names = Object.keys(schema.shape);
  const problems = unknownVariables(env, [...names, ...(options.knownNames ?? []), ...projectVariables]);
  const given: Record<string, string | undefined> = {};
  const unreadable = new Set<string>();
  for (const name of names) {
    const source = readVariable(name, env, options.readFile ?? readSmallFile);
    if ('value' in source) given[name] = source.value;
    else {
      unreadable.add(name);
      problems.push(source.problem);
    }
  }
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const name = String(issue.path[0] ?? '');
      // What the variables mean together says nothing while one of them could not be read.
      if (!(name === '' ? unreadable.size > 0 : unreadable.has(name)))
        problems.push(describeIssue({ name, reason: issue.message, text: given[name], help: fieldHelp(schema.shape[name]) }));
    }
  }
  return parsed.success && problems.length === 0 ? { ok: true, config: parsed.data } : { ok: false, problems: [...new Set(problems)] };
}

type VariableSource = { readonly value: string | undefined } | { readonly problem: string };

function readVariable(name: string, env: Environment, readFile: (path: string) => string): VariableSource {
  const direct = env[name] === '' ? undefined : env[name];
  const path = env[`${name}_FILE`];
  if (path === undefined || path === '') return { value: direct };
  if (direct !== undefined) return { problem: `${name} and ${name}_FILE are both set. Fix: keep one of them` };
  try {
    return { value: readFile(path).replace(/\r?\n$/, '') };
  } catch (error) {
    // Who sets the value itself instead of a file's name must not find it in a log.
    const shown = redactText(redactUrl(boundText(path, 2000)));
    const reason = redactText(boundText((error instanceof Error ? error.message : String(error)).replaceAll(path, shown), 2000));
    return { problem: `${name}_FILE: cannot read ${printable(shown, 200)}: ${printable(reason, 200)}. Fix: ${fileRemedy(error)}` };
  }
}

function fileRemedy(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EISDIR') return 'name a file, not a folder';
  if (code !== 'EACCES' && code !== 'EPERM') return 'name a readable file that holds the value';
  return `let user ${process.getuid?.() ?? 'of this process'} read it, by chown, or by chmod g+r and its group`;
}

function readSmallFile(path: string): string {
  const { size } = statSync(path);
  if (size > maxSecretFileBytes) throw new Error(`the file has ${size} bytes, at most ${maxSecretFileBytes} are read`);
  return readFileSync(path, 'utf8');
}

function describeIssue(issue: { name: string; reason: string; text: string | undefined; help: FieldHelp | undefined }): string {
  const { name, text, help } = issue;
  if (name === '') return printable(issue.reason);
  const fix = help === undefined ? `Fix: correct ${name}` : `Fix: set ${name}=${help.example}`;
  if (text === undefined)
    return `${name} is not set: ${help ? `expected ${help.expected}` : issue.reason}. ${fix}${help?.secret ? `, or ${name}_FILE to a file that holds it` : ''}`;
  const shown = help?.secret === true || isSecretName(name) ? name : `${name}="${printable(redactText(redactUrl(boundText(text, 2000))), 80)}"`;
  return `${shown} is not valid: ${issue.reason}. ${fix}${help ? ' (an example)' : ''}`;
}

function unknownVariables(env: Environment, known: readonly string[]): string[] {
  const allowed = new Set(known.flatMap((name) => [name, `${name}_FILE`]));
  const unknown = Object.keys(env).filter((name) => name.startsWith(variablePrefix) && !allowed.has(name));
  return unknown.map((name) => {
    const near = nearestName(name, [...allowed]);
    return `${printable(name, 100)} is not a known variable. Fix: ${near === undefined ? 'unset it' : `did you mean ${near}?`}`;
  });
}

/** The known name that takes the fewest typing errors to turn into `name`; undefined when none is near. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const maxDistance = Math.max(2, Math.floor(name.length / 5));
  let nearest: { name: string; distance: number } | undefined;
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) > maxDistance) continue;
    const distance = editDistance(name.toUpperCase(), candidate.toUpperCase());
    if (distance <= maxDistance && (nearest === undefined || distance < nearest.distance)) nearest = { name: candidate, distance };
  }
  return nearest?.name;
}

/** Levenshtein: insertions, deletions and replacements of one character. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
