// The pages keep what a strict content security policy and hostile texts ask of them, and stay small.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const folder = join(import.meta.dirname, '../public');
const files = readdirSync(folder).map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));

describe('the pages', () => {
  it.each(files)('bring no text to life: $name', ({ text }) => {
    expect(text).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|javascript:|setAttribute\('(?:style|on)/);
  });

  it.each(files)('ask nobody but their own service: $name', ({ text }) => {
    const addresses = [...text.matchAll(/\b(?:https?:)?\/\/[a-z][\w.-]+/g)].map(([address]) => address);
    expect(addresses.filter((address) => address !== 'http://www.w3.org')).toEqual([]);
  });

  it('have no inline script or style', () => {
    const page = files.find(({ name }) => name === 'index.html')?.text ?? '';
    expect(page).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
  });

  it('are small: less than 32 KiB together, before compression', () => {
    expect(files.reduce((bytes, { text }) => bytes + Buffer.byteLength(text), 0)).toBeLessThan(32 * 1_024);
  });
});
