/** The build of the pages: only when what they are made from has changed, by its content. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const room = join(import.meta.dirname, '..');
/** The client of the contract is bundled with the pages. */
const SOURCES = ['src', 'public', 'index.html', 'package.json', 'vite.config.ts', '../query/src/client', '../../package-lock.json'];
export const DIST_FOLDER = join(room, 'dist');
const STAMP_NAME = '.built-from';
const STAMP_FILE = join(DIST_FOLDER, STAMP_NAME);

/** Whether it was built, and how long that took. Rejects with what is wrong in the sources; what was built before stays. */
export async function buildWhenChanged(): Promise<{ readonly built: boolean; readonly ms: number }> {
  const stamp = contentStamp();
  if (existsSync(join(DIST_FOLDER, 'index.html')) && existsSync(STAMP_FILE) && readFileSync(STAMP_FILE, 'utf8') === stamp)
    return { built: false, ms: 0 };
  const startedAt = performance.now();
  // Only now, because loading it takes longer than finding out that there is nothing to do.
  const { build } = await import('vite');
  // Beside, then in one step in its place: who serves or copies the folder never sees half of it.
  const next = join(room, 'node_modules', `.dist-${process.pid}`);
  try {
    await build({ root: room, configFile: join(room, 'vite.config.ts'), logLevel: 'error', build: { outDir: next } });
    writeFileSync(join(next, STAMP_NAME), stamp);
    rmSync(DIST_FOLDER, { recursive: true, force: true });
    renameSync(next, DIST_FOLDER);
  } finally {
    rmSync(next, { recursive: true, force: true });
  }
  return { built: true, ms: performance.now() - startedAt };
}

function contentStamp(): string {
  const hash = createHash('sha256');
  for (const file of SOURCES.flatMap((source) => filesIn(join(room, source)))) hash.update(`${relative(room, file)}\n`).update(readFileSync(file));
  return hash.digest('hex');
}

/** In a fixed order; of a file itself. */
function filesIn(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  try {
    return readdirSync(path)
      .sort()
      .flatMap((name) => filesIn(join(path, name)));
  } catch {
    return [path];
  }
}
