// The test of the simulation: each planted bug alone must be noticed within its normal seeds, and the page of evidence says by which.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type * as Planted from '../src/simulation/planted-run.ts';
import type { Noticed } from '../src/simulation/planted-run.ts';

// By Node itself: what vitest loads passes no hook that could change it.
const { firstNoticed, PLANTED_NAMES }: typeof Planted = createRequire(import.meta.url)('../src/simulation/planted-run.ts');

const SEEDS = 200;
/** `TIDEMARK_PLANTED=write` looks for all first seeds anew and writes the table. Otherwise the seed in the table is tried before all others. */
const isWriting = process.env['TIDEMARK_PLANTED'] === 'write';
const PAGE = join(import.meta.dirname, '../../../deploy/evidence.md');
const TABLE = /(<!-- planted bugs -->\n)[\s\S]*?(<!-- end of planted bugs -->)/;

/** By bug: the seed that the page names. */
const written = new Map(
  [...(TABLE.exec(readFileSync(PAGE, 'utf8'))?.[0] ?? '').matchAll(/^\| (.+?) +\| +(\d+) +\|/gm)].map(([, name = '', seed]) => [name, Number(seed)]),
);
const found = new Map<string, Noticed>();

function* seedsFor(name: string): Generator<number> {
  const known = isWriting ? undefined : written.get(name);
  if (known !== undefined) yield known;
  for (let seed = 1; seed <= SEEDS; seed++) if (seed !== known) yield seed;
}

describe('planted', () => {
  test.each(PLANTED_NAMES)('%s', async (name) => {
    const noticed = await firstNoticed(name, seedsFor(name));
    if (noticed === null) return expect.unreachable(`${SEEDS} seeds did not notice it`);
    found.set(name, noticed);
    expect(noticed.seed).toBeLessThanOrEqual(SEEDS);
  });

  afterAll(() => {
    const table = tableOf([...found]);
    console.log(table);
    if (isWriting)
      writeFileSync(
        PAGE,
        readFileSync(PAGE, 'utf8').replace(TABLE, (_, begin, end) => `${begin}\n${table}\n\n${end}`),
      );
  });
});

if (!isWriting) {
  test('the page of evidence names every planted bug and its seed', () => {
    expect([...written.keys()]).toEqual(PLANTED_NAMES);
  });
}

function tableOf(rows: readonly (readonly [string, Noticed])[]): string {
  const cells = [['Planted bug', 'First seed', 'Broken first'], ...rows.map(([name, { seed, law }]) => [name, String(seed), law])];
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => (column === 1 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join(' | ')} |`;
  const [head = [], ...body] = cells;
  const rule = `| ${widths.map((width, column) => (column === 1 ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width))).join(' | ')} |`;
  return [line(head), rule, ...body.map(line)].join('\n');
}
