/** Waits for a dependency at start: to come up before it is normal, never to reach it is an exit code of its own. */
import { gaveUp, retried } from '@tidemark/pipeline';
import { exitCodes, exitError, type Logger, systemClock } from '@tidemark/runtime';

const DEADLINE_MS = 60_000;

/** Throws an error with exit code 4 when the dependency has not answered after a minute or when `signal` aborts; its refusals at once. */
export async function reached<T>(name: string, connect: () => Promise<T>, waiting: { readonly logger: Logger; readonly signal: AbortSignal }): Promise<T> {
  const startMs = systemClock.monotonicMs();
  let last = '';
  const onFailure = ({ reason }: { readonly reason: string }): void => {
    last = reason;
    waiting.logger.warn({ dependency: name, why: reason }, 'waiting for a dependency');
  };
  const goesOn = (): boolean => !waiting.signal.aborted && systemClock.monotonicMs() - startMs < DEADLINE_MS;
  const answer = await retried({ clock: systemClock, onFailure }, `reach ${name}`, connect, goesOn);
  if (answer === gaveUp) throw exitError(exitCodes.unreachable, `${name} does not answer: ${last}`);
  return answer;
}
