/** Slices on several dimensions, recomputed: an event's value is the list of its values in each; while it is counted with, it goes by its JSON text. */
import type { Answer } from '../answer.ts';

/** The text that a list of values goes by; a single value goes by itself. */
export function textOfValues(values: readonly string[]): string {
  const [only] = values;
  return values.length === 1 && only !== undefined ? only : JSON.stringify(values);
}

/** The answer with each text at a `value` that stands for a list replaced by the list. Figures are never such texts: a list's begins with `[`. */
export function withLists(answer: Answer, lists: ReadonlyMap<string, readonly string[]>): Answer {
  replaceIn(answer, lists);
  return answer;
}

function replaceIn(node: unknown, lists: ReadonlyMap<string, readonly string[]>): void {
  if (typeof node !== 'object' || node === null) return;
  const value: unknown = Reflect.get(node, 'value');
  const list = typeof value === 'string' ? lists.get(value) : undefined;
  if (list !== undefined) Reflect.set(node, 'value', [...list]);
  for (const part of Object.values(node)) replaceIn(part, lists);
}
