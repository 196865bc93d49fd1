// The rules about imports: the order of the rooms, public entries only, drivers in their adapter, pure rooms stay pure, no cycles.
import { type Import, importsOf, resolveRelative } from './imports.ts';
import { mayImport, ownerRoomsOf, packageOf, pureBuiltins, pureRooms, roomOf, testsMayImport } from './rooms.ts';
import { isCode, isTestCode, type Rule, type SourceFile, type Violation } from './source.ts';

const scope = '@tidemark/';

/** A workspace imports only rooms below it: the table of design.md §3. */
export const importOrder: Rule = perImport('import-order', (file, { specifier }) => {
  const room = roomOf(file.path);
  if (room === undefined || !specifier.startsWith(scope)) return undefined;
  const target = packageOf(specifier).slice(scope.length);
  const shipped = mayImport[room];
  if (shipped === undefined) return `room ${room} is not in the import table (libs/testing/src/tidy/rooms.ts)`;
  const allowed = isTestCode(file.path) ? testsMayImport(room) : shipped;
  if (target === room) return isTestCode(file.path) ? undefined : 'a room reaches its own files by relative paths';
  return allowed.includes(target) ? undefined : `${room} must not import ${target}`;
});

/** Another workspace is reached by an entry that its manifest exports: no other path into it, by package name or by dots. */
export const publicEntry: Rule = perImport('public-entry', (file, { specifier }, tree) => {
  if (specifier.startsWith(scope)) return isExported(specifier, tree) ? undefined : `${specifier} is no public entry of ${packageOf(specifier)}`;
  const target = resolveRelative(file.path, specifier);
  if (target === undefined) return specifier.startsWith('.') ? `${specifier} leaves the project` : undefined;
  return roomOf(target) === roomOf(file.path) || isData(target) ? undefined : `${specifier} reaches into another room: import its package`;
});

/** Drivers, the local engine and test tools are imported where they belong and nowhere else. */
export const drivers: Rule = perImport('drivers', (file, { specifier }) => {
  const owners = ownerRoomsOf[packageOf(specifier)];
  const room = roomOf(file.path);
  if (owners === undefined || room === undefined || isTestCode(file.path) || /^[^/]+\.config\.ts$/.test(file.path)) return undefined;
  return owners.includes(room) ? undefined : `${packageOf(specifier)} belongs to ${owners.join(', ')}`;
});

/** Pure rooms import no module that reads a clock, a file, the network or the environment. */
export const pureImports: Rule = perImport('pure-imports', (file, { specifier }) => {
  if (!pureRooms.includes(roomOf(file.path) ?? '') || isTestCode(file.path)) return undefined;
  return specifier.startsWith('node:') && !pureBuiltins.includes(specifier) ? `${specifier} is not for a pure room` : undefined;
});

/** No file imports itself through others, type imports included. */
export const cycles: Rule = (tree) => {
  const graph = new Map(tree.filter((file) => isCode(file.path)).map((file) => [file.path, importsOf(file)]));
  const done = new Set<string>();
  const violations: Violation[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (done.has(path)) return;
    for (const { specifier, line } of graph.get(path) ?? []) {
      const target = resolveRelative(path, specifier);
      if (target === undefined || !graph.has(target)) continue;
      const start = target === path ? trail.length : trail.indexOf(target);
      if (start === -1) visit(target, [...trail, path]);
      else violations.push({ rule: 'cycles', path, line, message: [...trail.slice(start), path, target].join(' → ') });
    }
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return violations;
};

/** Contracts, documents and other data are not code of a room; anyone may point at them. */
function isData(path: string): boolean {
  return path.startsWith('schemas/') || path.endsWith('.json');
}

/** Whether the specifier is the package itself or a path that the package's manifest in the tree exports. */
function isExported(specifier: string, tree: readonly SourceFile[]): boolean {
  const name = packageOf(specifier);
  if (specifier === name) return true;
  const manifest = tree.find((file) => file.path.endsWith('/package.json') && file.text.includes(`"name": "${name}"`));
  const { exports = {} }: { exports?: object } = manifest === undefined ? {} : JSON.parse(manifest.text);
  return Object.keys(exports).includes(`.${specifier.slice(name.length)}`);
}

function perImport(rule: string, check: (file: SourceFile, found: Import, tree: readonly SourceFile[]) => string | undefined): Rule {
  return (tree) =>
    tree
      .filter((file) => isCode(file.path))
      .flatMap((file) =>
        importsOf(file).flatMap((found) => {
          const message = check(file, found, tree);
          return message === undefined ? [] : [{ rule, path: file.path, line: found.line, message }];
        }),
      );
}
