/** What a fuzzing thread is started with and what it tells; each with the guard of the side that reads it. */

export interface Assignment {
  readonly file: string;
  /** `fuzz`: change and run until told to stop. `distil`: keep what adds blocks, the smallest first. `try`: run what is posted, one by one. */
  readonly task: 'fuzz' | 'distil' | 'try';
  readonly seed: number;
  readonly corpus: readonly Uint8Array[];
  readonly blackboard: SharedArrayBuffer;
}

export type Report =
  | { readonly kind: 'kept'; readonly input: Uint8Array }
  | { readonly kind: 'failed'; readonly input: Uint8Array; readonly signature: string; readonly text: string }
  | { readonly kind: 'passed' }
  | { readonly kind: 'ready' };

export function isAssignment(value: unknown): value is Assignment {
  return isObject(value) && typeof value.file === 'string' && value.blackboard instanceof SharedArrayBuffer && Array.isArray(value.corpus);
}

export function isReport(value: unknown): value is Report {
  return isObject(value) && typeof value.kind === 'string';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
