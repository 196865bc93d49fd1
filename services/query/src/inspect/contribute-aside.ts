/** Computes contributions in a thread of its own: it may take a second, in which the service has others to answer. */
import { Worker } from 'node:worker_threads';
import { type Contribution, type ContributionsAsked, QueryRefused } from '@tidemark/pipeline';

const MOST_MS = 10_000;
const MOST_MIB = 256;

/** Throws QueryRefused when it takes too long. */
export function contributeAside(asked: ContributionsAsked): Promise<readonly Contribution[]> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL('./contributions-thread.ts', import.meta.url), {
      workerData: asked,
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: MOST_MIB },
    });
    const late = setTimeout(() => {
      reject(new QueryRefused('too_large', 'from', 'it takes too long to recompute: ask for a shorter range'));
      void thread.terminate();
    }, MOST_MS);
    thread.once('message', resolve);
    thread.once('error', reject);
    thread.once('exit', () => {
      clearTimeout(late);
      reject(new Error('the thread ended without an answer'));
    });
  });
}
