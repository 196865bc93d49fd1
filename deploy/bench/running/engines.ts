/** The engines of a benchmark: started for it on a core of their own, and ended with it however it ends. */
import type { EngineName } from '@tidemark/local';
import { type AcquiredEngines, acquireEngines } from '@tidemark/testing/engines';
import { pinAway } from '../worker-throughput/measured-process.ts';

/** `run` shares their core: what it measures are other processes, or its own time on the processor. Unless `isPinned` is false: then all share all cores. */
export async function withEngines(
  only: readonly EngineName[],
  run: (engines: AcquiredEngines) => Promise<void>,
  { isPinned = true }: { readonly isPinned?: boolean } = {},
): Promise<void> {
  const engines = await acquireEngines(only);
  const leave = (signal: string): void => {
    console.error(`stopped by ${signal}`);
    void engines.release().finally(() => process.exit(1));
  };
  process.once('SIGINT', leave).once('SIGTERM', leave);
  try {
    if (isPinned) pinAway([process.pid, ...Object.values(engines.local.processIds)]);
    await run(engines);
  } finally {
    await engines.release();
  }
}
