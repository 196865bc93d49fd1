/** A copy of core with one planted mistake, in the project's data folder: its tests, told to a collector, and its random histories, run on its own source. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import fc from 'fast-check';
import { type CollectedTest, collector } from './collector.ts';
import type { Mutation } from './mutations.ts';

const core = join(import.meta.dirname, '../..');
/** Ignored by git and by every tool; inside the project, so that packages resolve. */
const dataFolder = join(core, '../../.tidemark');
const HISTORIES_TEST = 'fold/incremental.property.test.ts';

export interface MutatedCore {
  /** Runs the tests of a file under `test`; answers the titles of those that failed. */
  failingIn(file: string): Promise<string[]>;
  /** Runs L1 over so many random histories of one seed, with metrics of the mutation's kind; answers the number of the first that fails, or null. */
  failingHistory(histories: number): Promise<number | null>;
  remove(): void;
}

/** The source as it is without a mutation. Throws when the mutation's text is not where it says. */
export function mutatedCore(mutation: Mutation | null): MutatedCore {
  mkdirSync(dataFolder, { recursive: true });
  const folder = mkdtempSync(join(dataFolder, 'mutated-'));
  for (const part of ['src', 'test', 'package.json']) cpSync(join(core, part), join(folder, part), { recursive: true });
  for (const file of readdirSync(join(folder, 'test'), { recursive: true, encoding: 'utf8' })) if (file.endsWith('.ts')) redirect(folder, file);
  if (mutation !== null) plant(folder, mutation);
  // Read when the first file of the copy is imported.
  delete process.env['TIDEMARK_KIND'];
  if (mutation !== null && 'kind' in mutation.histories) process.env['TIDEMARK_KIND'] = mutation.histories.kind;
  const run = async (file: string, take: (one: CollectedTest) => Promise<void>): Promise<void> => {
    await import(join(folder, 'test', file));
    const tests = collector.collected.splice(0);
    if (tests.length === 0) throw new Error(`${file} holds no tests`);
    for (const one of tests) await take(one);
  };
  return {
    failingIn: async (file) => {
      const failed: string[] = [];
      await run(file, async ({ title, run: body }) => {
        if ((await failureOf(body)) !== null) failed.push(title);
      });
      return failed;
    },
    failingHistory: async (histories) => {
      process.env['TIDEMARK_HISTORIES'] = String(histories);
      fc.configureGlobal({ seed: 20261122, endOnFailure: true });
      let first: number | null = null;
      await run(HISTORIES_TEST, async ({ run: body }) => {
        const failure = await failureOf(body);
        if (failure !== null) first = Number(/failed after (\d+) tests/.exec(failure)?.[1] ?? 0);
      });
      fc.resetConfigureGlobal();
      return first;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function failureOf(body: () => unknown): Promise<string | null> {
  try {
    await body();
    return null;
  } catch (error) {
    return String(error);
  }
}

/** The copy's tests declare themselves to the collector. */
function redirect(folder: string, file: string): void {
  const path = join(folder, 'test', file);
  const from = relative(dirname(path), join(core, 'test/mutations/collector.ts'));
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace(/import (\{[^}]*\}) from 'vitest';/, `import { collector } from '${from}';\nconst $1 = collector;`));
}

function plant(folder: string, { name, file, find, replace }: Mutation): void {
  const path = join(folder, file);
  const parts = readFileSync(path, 'utf8').split(find);
  if (parts.length !== 2)
    throw new Error(`update mutations.ts: "${name}" looks for ${JSON.stringify(find)}, which stands ${parts.length - 1} times in ${file}`);
  writeFileSync(path, parts.join(replace));
}
