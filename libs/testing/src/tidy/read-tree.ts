// Reads the files that tidy judges from a project folder.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isCode, type SourceFile } from './source.ts';

const skippedFolders = ['node_modules', '.git', '.tidemark', '.turbo', 'dist', 'coverage'];

/** All code files, package manifests and Markdown pages under the folder, with paths relative to it; installed, generated and data folders are left out. */
export function readTree(root: string, folder = ''): readonly SourceFile[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return skippedFolders.includes(entry.name) ? [] : readTree(root, path);
    return entry.isFile() && (isCode(path) || path.endsWith('.md') || entry.name === 'package.json')
      ? [{ path, text: readFileSync(join(root, path), 'utf8') }]
      : [];
  });
}
