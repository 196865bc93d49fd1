/** The difference between two JSON values as an RFC 6902 patch. */

export type PatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

/**
 * Operations that turn `from` into `to`, to be applied in order. Arrays of one length are compared item by item; of another length they are replaced
 * whole, for figures enter and leave at both ends. Undefined members count as absent.
 */
export function jsonPatch(from: unknown, to: unknown): readonly PatchOperation[] {
  const operations: PatchOperation[] = [];
  compare(from, to, '', operations);
  return operations;
}

function compare(from: unknown, to: unknown, path: string, operations: PatchOperation[]): void {
  if (Object.is(from, to)) return;
  if (Array.isArray(from) && Array.isArray(to) && from.length === to.length) {
    for (const [index, item] of to.entries()) compare(from[index], item, `${path}/${index}`, operations);
  } else if (isPlain(from) && isPlain(to)) compareMembers(from, to, path, operations);
  else operations.push({ op: 'replace', path, value: to });
}

function compareMembers(from: object, to: object, path: string, operations: PatchOperation[]): void {
  for (const [name, before] of Object.entries(from)) {
    if (before !== undefined && ownMember(to, name) === undefined) operations.push({ op: 'remove', path: `${path}/${pointerPart(name)}` });
  }
  for (const [name, value] of Object.entries(to)) {
    if (value === undefined) continue;
    const before = ownMember(from, name);
    const member = `${path}/${pointerPart(name)}`;
    if (before === undefined) operations.push({ op: 'add', path: member, value });
    else compare(before, value, member, operations);
  }
}

function ownMember(of: object, name: string): unknown {
  return Object.hasOwn(of, name) ? Reflect.get(of, name) : undefined;
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function pointerPart(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
