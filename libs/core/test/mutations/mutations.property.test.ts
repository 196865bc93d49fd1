// Each planted mistake is caught: by the worked example of its rule, and by random histories against the oracle.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type MutatedCore, mutatedCore } from './mutated-core.ts';
import { MUTATIONS, type Mutation } from './mutations.ts';

/** The rarest is found within a tenth of these. */
const HISTORIES = 1000;
/** Of the source as it is, which L1 runs by the thousand elsewhere. */
const CLEAN_HISTORIES = 30;

async function withCore<T>(mutation: Mutation | null, use: (core: MutatedCore) => Promise<T>): Promise<T> {
  const core = mutatedCore(mutation);
  try {
    return await use(core);
  } finally {
    core.remove();
  }
}

test('the copy without a mistake passes all that catches them', async () => {
  const files = [...new Set(MUTATIONS.map(({ caughtBy }) => caughtBy.file))];
  const failing = await withCore(null, async (core) => {
    const titles = [];
    for (const file of files) titles.push(...(await core.failingIn(file)));
    return { titles, history: await core.failingHistory(CLEAN_HISTORIES) };
  });
  expect(failing).toEqual({ titles: [], history: null });
});

test.each(MUTATIONS)('caught: $name', async (mutation) => {
  const { titles, history } = await withCore(mutation, async (core) => ({
    titles: await core.failingIn(mutation.caughtBy.file),
    history: 'kind' in mutation.histories ? await core.failingHistory(HISTORIES) : null,
  }));
  if (process.env['TIDEMARK_MUTATIONS'] === 'print') process.stdout.write(`${rowOf(mutation, history)}\n`);
  expect(titles).toContain(mutation.caughtBy.title);
  if ('kind' in mutation.histories) expect(history).not.toBeNull();
});

test('the table of the README names every mistake and what catches it', () => {
  const page = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8').replaceAll('\\', '');
  const rows = page.split('\n').filter((line) => line.startsWith('| ') && line.includes('.test.ts'));
  const written = rows.map((row) =>
    row
      .split('|')
      .map((cell) => cell.trim())
      .slice(1, 3),
  );
  expect(written).toEqual(
    MUTATIONS.map((mutation) =>
      rowOf(mutation, null)
        .split('|')
        .map((cell) => cell.trim())
        .slice(1, 3),
    ),
  );
});

function rowOf({ name, caughtBy, histories }: Mutation, history: number | null): string {
  return `| ${name} | \`${caughtBy.file}\`: ${caughtBy.title} | ${'kind' in histories ? `${histories.kind}, ${history}` : histories.unseen} |`;
}
