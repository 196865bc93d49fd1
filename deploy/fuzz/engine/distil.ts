/** Makes the committed corpus of a target anew: of all inputs known, the small ones that together reach every block. */
import { resolve } from 'node:path';
import { commitCorpus, readCorpus, root } from './folders.ts';
import { startThread } from './started-thread.ts';

export async function distil(target: string, { file, folder }: { readonly file: string; readonly folder: string }): Promise<string> {
  const kept: Uint8Array[] = [];
  const assignment = { file: resolve(root, file), task: 'distil' as const, seed: 0, corpus: readCorpus(folder, target) };
  const thread = startThread(assignment, (report) => {
    if (report.kind === 'kept') kept.push(report.input);
  });
  const ending = await thread.ended;
  if (ending.why !== 'done') throw new Error(`${target} could not be distilled: ${ending.text}`);
  return `${target}: ${commitCorpus(target, kept)} of ${kept.length} inputs, ${thread.board.blocks} blocks`;
}
