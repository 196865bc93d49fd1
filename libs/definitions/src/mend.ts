/** Takes mistaken values out of the data, so that one mistake does not hide the next one. */
import { isRecord } from './later.ts';
import type { Path } from './problem.ts';

/** Removes, in place, the key that holds each mistake. Nothing of the first level goes: a mistaken metric must not take the others along. */
export function mend(data: unknown, mistakes: readonly { readonly path: Path }[]): void {
  for (const { path } of mistakes) {
    const keyIndex = path.findLastIndex((part) => typeof part === 'string');
    if (keyIndex < 1) continue;
    let holder: unknown = data;
    for (const part of path.slice(0, keyIndex)) holder = holder instanceof Object ? Reflect.get(holder, part) : undefined;
    if (isRecord(holder)) delete holder[String(path[keyIndex])];
  }
}
