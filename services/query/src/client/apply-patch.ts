/** Applies the patch of a live delta (RFC 6902: add, replace, remove) to the body that it begins at. */

import type { PatchOperation } from './bodies.ts';

/** A new value; `root` stays as it was, and what the patch does not touch is shared with it. Throws a RangeError for a path that leads nowhere. */
export function applyPatch(root: unknown, patch: readonly PatchOperation[]): unknown {
  const copied = new Set<object>();
  const holder: { value: unknown } = { value: root };
  for (const operation of patch) applyOne(holder, operation, copied);
  return holder.value;
}

function applyOne(holder: { value: unknown }, operation: PatchOperation, copied: Set<object>): void {
  const names = operation.path.split('/').slice(1).map(unescaped);
  let parent: object = holder;
  let name = 'value';
  for (const next of names) {
    const child = ownCopy(parent, name, copied);
    if (child === null) throw new RangeError(`the patch leads nowhere at ${operation.path}`);
    parent = child;
    name = next;
  }
  if (operation.op !== 'add' && !Object.hasOwn(parent, name)) throw new RangeError(`the patch leads nowhere at ${operation.path}`);
  if (operation.op === 'remove') Reflect.deleteProperty(parent, name);
  else setOwn(parent, name, operation.value);
}

/** The child, copied the first time it is changed. */
function ownCopy(parent: object, name: string, copied: Set<object>): object | null {
  const child: unknown = Object.hasOwn(parent, name) ? Reflect.get(parent, name) : undefined;
  if (typeof child !== 'object' || child === null) return null;
  if (copied.has(child)) return child;
  const copy = Array.isArray(child) ? [...child] : Object.defineProperties({}, Object.getOwnPropertyDescriptors(child));
  copied.add(copy);
  setOwn(parent, name, copy);
  return copy;
}

/** As an own member, whatever its name. */
function setOwn(parent: object, name: string, value: unknown): void {
  Object.defineProperty(parent, name, { value, enumerable: true, writable: true, configurable: true });
}

function unescaped(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}
