/** Waits until the query service says that it can answer. */
import { setTimeout as sleep } from 'node:timers/promises';
import { exitCodes, exitError, formatDuration } from '@tidemark/runtime';

const ASK_EVERY_MS = 200;
const TELL_EVERY_MS = 10_000;
const PATIENCE_MS = 5 * 60_000;
const REQUEST_TIMEOUT_MS = 2_000;

/** Rejects when `signal` aborts, or after five minutes. */
export async function untilReady(httpUrl: string, { signal, message }: { signal: AbortSignal; message: (line: string) => void }): Promise<void> {
  const startedMs = performance.now();
  let toldMs = startedMs;
  for (;;) {
    signal.throwIfAborted();
    const reason = await whyNotReady(httpUrl);
    if (reason === null) return;
    const waitedMs = performance.now() - startedMs;
    if (waitedMs > PATIENCE_MS) throw exitError(exitCodes.unreachable, `not ready after ${formatDuration(waitedMs)}: ${reason}`);
    if (performance.now() - toldMs >= TELL_EVERY_MS) {
      message(`still waiting: ${reason}`);
      toldMs = performance.now();
    }
    await sleep(ASK_EVERY_MS, undefined, { signal });
  }
}

async function whyNotReady(httpUrl: string): Promise<string | null> {
  try {
    const response = await fetch(`${httpUrl}/readyz`, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    if (response.ok) return null;
    const body: unknown = await response.json();
    const checks: unknown = typeof body === 'object' && body !== null && 'checks' in body ? body.checks : [];
    const failing = Array.isArray(checks)
      ? checks.flatMap((check: { ok?: unknown; name?: unknown; detail?: unknown }) => (check.ok === true ? [] : [`${check.name}: ${check.detail}`]))
      : [];
    return failing.join('; ') || `status ${response.status}`;
  } catch {
    return 'the query service does not answer yet';
  }
}
