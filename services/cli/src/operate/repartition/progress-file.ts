/** How far a repartitioning has come, in the data folder: so that an interrupted one goes on, and a finished one takes what came later. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { exitCodes, exitError } from '@tidemark/runtime';
import { z } from 'zod';

const offsets = z.array(z.int().min(0));
const schema = z.object({
  from: z.string(),
  to: z.string(),
  partitions: z.int().positive(),
  /** Of the new topic. */
  topicId: z.string(),
  /** By old partition: everything below was sent in rounds that ended. */
  done: offsets,
  /** By old partition: where the round under way ends, and how many records of it were acknowledged; null between rounds. */
  round: z.object({ ends: offsets, sent: z.int().min(0) }).nullable(),
});

export type RepartitionProgress = z.output<typeof schema>;

export function progressPath(dataFolder: string, { from, to }: { readonly from: string; readonly to: string }): string {
  return join(dataFolder, 'repartition', `${from}-to-${to}.json`);
}

/** Null when there is none. */
export async function readProgress(path: string): Promise<RepartitionProgress | null> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw exitError(exitCodes.failed, `${path} is not what a repartitioning writes: repartition into another namespace`, error);
  }
}

export async function writeProgress(path: string, progress: RepartitionProgress): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.part`, JSON.stringify(progress));
  await rename(`${path}.part`, path);
}
