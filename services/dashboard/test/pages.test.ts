// The built pages keep what a strict content security policy, hostile texts and a budget ask of them.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildWhenChanged, DIST_FOLDER } from '../build/build.ts';

const sources = filesIn(join(import.meta.dirname, '../src'));
const BUDGET_BYTES = 150 * 1_024;

function filesIn(folder: string): readonly { readonly name: string; readonly text: string }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [{ name: entry.name, text: readFileSync(join(entry.parentPath, entry.name), 'utf8') }] : [],
  );
}

describe('the sources', () => {
  it.each(sources)('bring no text to life: $name', ({ text }) => {
    expect(text).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|javascript:|setAttribute\('(?:style|on)/);
  });

  it.each(sources)('ask nobody but their own service: $name', ({ text }) => {
    const addresses = [...text.matchAll(/\b(?:https?:)?\/\/[a-z][\w.-]+/g)].map(([address]) => address);
    expect(addresses.filter((address) => address !== 'http://www.w3.org' && address !== 'http://here')).toEqual([]);
  });
});

describe('the build', () => {
  let files: readonly { readonly name: string; readonly text: string }[] = [];
  beforeAll(async () => {
    await buildWhenChanged();
    files = filesIn(DIST_FOLDER);
  }, 60_000);

  it('has no inline script or style', () => {
    const page = files.find(({ name }) => name === 'index.html')?.text ?? '';
    expect(page).toContain('<script type="module"');
    expect(page).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
  });

  it('is small: scripts and styles have at most 150 KiB, compressed', () => {
    const bytes = files.filter(({ name }) => /\.(js|css)$/.test(name)).reduce((sum, { text }) => sum + gzipSync(text).length, 0);
    expect(bytes).toBeGreaterThan(10_000);
    expect(bytes).toBeLessThan(BUDGET_BYTES);
  });
});
