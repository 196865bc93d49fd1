// Notices files that a run leaves where it should not: anywhere in the project outside its data folder, in the home folder, or under its name in the temporary one.
import { readdirSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

const ownNames = /tidemark|kafka|redis|chdb|clickhouse|jna-|rocksdb/i;
const skippedFolders = new Set(['.git', 'node_modules', '.turbo', '.tidemark', 'dist']);

/** Everything there is now, as paths; compare two of them with `newPaths`. */
export function listPaths(root: string, own: string): ReadonlySet<string> {
  const home = homedir();
  return new Set([
    ...walk(root).filter((path) => !path.startsWith(own)),
    ...childrenOf(home),
    ...childrenOf(join(home, '.m2')),
    ...childrenOf(tmpdir()).filter((path) => ownNames.test(path) && !path.startsWith(own)),
  ]);
}

/** What is in the second listing and not in the first. */
export function newPaths(before: ReadonlySet<string>, after: ReadonlySet<string>): readonly string[] {
  return [...after].filter((path) => !before.has(path)).sort();
}

function walk(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) return [path];
    return skippedFolders.has(entry.name) ? [] : [path, ...walk(path)];
  });
}

function childrenOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
}
