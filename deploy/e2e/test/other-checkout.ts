/** Another checkout of the project beside this one: an earlier revision, or this one with a line edited; its programs run from it, with our packages. */
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const ROOT = resolve(import.meta.dirname, '../../..');
const run = promisify(execFile);

export interface Edit {
  /** In the checkout. */
  readonly path: string;
  /** Must stand there once. */
  readonly from: string;
  readonly to: string;
}

/** Whether the history has the revision: a shallow clone has not, and an unpacked archive has none at all. */
export async function hasRevision(revision: string): Promise<boolean> {
  return run('git', ['rev-parse', '--verify', '--quiet', `${revision}^{tree}`], { cwd: ROOT }).then(
    () => true,
    () => false,
  );
}

/** Writes the revision's files into the folder, which must not exist. Answers the commit. */
export async function checkOut(folder: string, revision: string, edits: readonly Edit[] = []): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const tree = join(folder, '.tree.tar');
  await run('git', ['archive', '--output', tree, revision, 'libs', 'services', 'schemas', 'deploy/local', 'package.json'], { cwd: ROOT });
  await run('tar', ['-xf', tree, '-C', folder]);
  linkPackages(folder);
  for (const { path, from, to } of edits) {
    const text = readFileSync(join(folder, path), 'utf8');
    if (text.split(from).length !== 2) throw new Error(`${path} of ${revision} does not say ${JSON.stringify(from)} once`);
    writeFileSync(join(folder, path), text.replace(from, to));
  }
  const { stdout } = await run('git', ['rev-parse', '--short', revision], { cwd: ROOT });
  return stdout.trim();
}

/** Everybody's packages are ours; the project's own are those of the checkout. */
function linkPackages(folder: string): void {
  const ours = join(ROOT, 'node_modules');
  const theirs = join(folder, 'node_modules');
  mkdirSync(join(theirs, '@tidemark'), { recursive: true });
  for (const name of readdirSync(ours)) if (name !== '@tidemark') symlinkSync(join(ours, name), join(theirs, name));
  for (const name of readdirSync(join(ours, '@tidemark'))) {
    // Relative to its own place: `../../libs/core`.
    symlinkSync(readlinkSync(join(ours, '@tidemark', name)), join(theirs, '@tidemark', name));
  }
}
