/** Closes connections at the end of a service, where a peer that hangs must not keep the process from ending in time. */
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Resolves when all have settled, or after `deadlineMs`; then whatever still hangs ends with the process. Rejects with a failure that comes in time.
 * Only for what nothing depends on any more: data is saved before.
 */
export async function closeWithin(deadlineMs: number, closing: readonly Promise<unknown>[]): Promise<void> {
  const late = new AbortController();
  const waited = sleep(deadlineMs, undefined, { signal: late.signal }).catch(() => undefined);
  try {
    await Promise.race([Promise.all(closing), waited]);
  } finally {
    late.abort();
  }
}
