/** A lock file that names its owner's process: refused while that process lives, repaired when it is dead. */
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { fieldOf } from './json-file.ts';
import { identityOf, isAlive, type ProcessIdentity } from './processes.ts';

export interface OwnerLock {
  release(): Promise<void>;
}

export type LockOutcome = { readonly held: OwnerLock; readonly repaired: boolean } | { readonly heldBy: number };

/** Takes the lock for this process, or names the living process that holds it. */
export async function takeOwnerLock(path: string): Promise<LockOutcome> {
  const own = identityOf(process.pid);
  if (own === undefined) throw new Error('This process cannot read its own start time.');
  const text = JSON.stringify(own);
  const candidate = `${path}.${process.pid}.new`;
  let repaired = false;
  await writeFile(candidate, text);
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      // A link either appears with its whole content or fails: no reader ever sees a half-written lock.
      if (await linked(candidate, path)) return { held: { release: () => releaseLock(path, text) }, repaired };
      const found = await readText(path);
      const owner = parseIdentity(found);
      if (owner !== undefined && isAlive(owner)) return { heldBy: owner.pid };
      if (found !== undefined) repaired = (await removeStale(path, found)) || repaired;
    }
  } finally {
    await rm(candidate, { force: true });
  }
  throw new Error(`The lock ${path} keeps changing hands; try again.`);
}

/** The living process that holds the lock, if any. */
export async function lockOwner(path: string): Promise<ProcessIdentity | undefined> {
  const owner = parseIdentity(await readText(path));
  return owner !== undefined && isAlive(owner) ? owner : undefined;
}

async function releaseLock(path: string, text: string): Promise<void> {
  if ((await readText(path)) === text) await rm(path, { force: true });
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (fieldOf(error, 'code') === 'EEXIST') return false;
    throw error;
  }
}

/** Moves the stale lock aside; when somebody replaced it in between, theirs is put back. */
async function removeStale(path: string, staleText: string): Promise<boolean> {
  const aside = `${path}.${process.pid}.stale`;
  try {
    await rename(path, aside);
  } catch {
    return false;
  }
  const moved = await readText(aside);
  if (moved !== staleText) await linked(aside, path);
  await rm(aside, { force: true });
  return moved === staleText;
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}

function parseIdentity(text: string | undefined): ProcessIdentity | undefined {
  if (text === undefined) return undefined;
  try {
    return toIdentity(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export function toIdentity(value: unknown): ProcessIdentity | undefined {
  const pid = fieldOf(value, 'pid');
  const start = fieldOf(value, 'start');
  return typeof pid === 'number' && typeof start === 'string' ? { pid, start } : undefined;
}
