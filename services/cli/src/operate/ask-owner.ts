/** Asks whoever holds a partition to do something, and waits for the answer. */
import { randomUUID } from 'node:crypto';
import type { OperatorAct, OperatorAnswer, OperatorRequests } from '@tidemark/pipeline';
import { systemClock } from '@tidemark/runtime';

const LOOK_EVERY_MS = 250;
/** Workers look every second, and may take a while to load or to write. */
const DEFAULT_PATIENCE_MS = 55_000;

/** Null when nobody answered in time: the request is taken back, so that nothing happens later. Throws StoreUnavailable. */
export async function askOwner(
  requests: OperatorRequests,
  asked: { readonly act: OperatorAct; readonly lineage: string; readonly partition: number },
  patienceMs = DEFAULT_PATIENCE_MS,
): Promise<OperatorAnswer | null> {
  const id = randomUUID();
  await requests.ask({ id, ...asked });
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += LOOK_EVERY_MS) {
    await systemClock.sleep(LOOK_EVERY_MS);
    const answer = await requests.answerTo(id);
    if (answer !== null) return answer;
  }
  await requests.withdraw(id);
  return requests.answerTo(id);
}
