/** A mistake in a definition file: where it stands, what was expected and how to mend it. */

/** One mistake, as a person reads it. `line` and `column` count from 1; `path` reads like `metrics[2].window`. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly message: string;
}

/** Keys and indexes from the root of the file. */
export type Path = readonly (string | number)[];

/** A mistake before it has a line: `at` says whether the key itself or its value is marked. */
export interface Mistake {
  readonly path: Path;
  readonly at: 'key' | 'value';
  readonly message: string;
}

/** `metrics[2].window`; a key that is not a plain word stands in brackets: `where["context.app.name"]`. */
export function pathText(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[\w$-]{1,200}$/.test(part)) text += text === '' ? part : `.${part}`;
    else text += `[${quote(part)}]`;
  }
  return text;
}

/** A value of the file inside a message: on one line, without control characters, cut at 60. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  const visible = text.replaceAll(/[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '?');
  return visible.length > 60 ? `${visible.slice(0, 57)}…` : visible;
}
