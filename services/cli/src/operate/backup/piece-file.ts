/** The files of a backup: written whole or not at all, and read back only when their hash is what the catalogue says. */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { exitCodes, exitError } from '@tidemark/runtime';
import type { StoredFile } from './catalogue.ts';

/** Durable under its name when it resolves. */
export async function writeBytes(folder: string, name: string, bytes: Uint8Array): Promise<StoredFile> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  const file = await open(`${path}.part`, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.part`, path);
  return { name, sha256: hashOf(bytes), bytes: bytes.length };
}

/** Values as JSON, one a line, gzipped. */
export async function writeLines(folder: string, name: string, values: readonly unknown[]): Promise<StoredFile> {
  const text = values.map((value) => `${JSON.stringify(value)}\n`).join('');
  return writeBytes(folder, name, await promisify(gzip)(Buffer.from(text)));
}

/** Throws an exit error (5) when the file is not the one that was written. */
export async function readBytes(folder: string, { name, sha256 }: StoredFile): Promise<Buffer> {
  const bytes = await readFile(join(folder, name)).catch((error: unknown) => {
    throw exitError(
      exitCodes.checkFailed,
      `${join(folder, name)} of the backup cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      error,
    );
  });
  if (hashOf(bytes) !== sha256)
    throw exitError(exitCodes.checkFailed, `${join(folder, name)} is not the file that was written: its hash differs. Take it from another copy`);
  return bytes;
}

export async function readLines(folder: string, file: StoredFile): Promise<readonly unknown[]> {
  const text = (await promisify(gunzip)(await readBytes(folder, file))).toString('utf8');
  return text.split('\n').flatMap((line): unknown[] => (line === '' ? [] : [JSON.parse(line)]));
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
