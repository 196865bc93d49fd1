/** What a worker does when an operator asks: once a second it looks for requests about what it holds, acts, and answers each. */
import type { OperatorAnswer, OperatorRequest, OperatorRequests } from '../ports/operator-requests.ts';
import type { Repetition, RuntimeClock } from '../ports/time.ts';
import { NO_VERSION, splitVersion } from '../ports/version.ts';
import type { LineagePartition } from './lineage-partition.ts';
import { positionOf } from './memory.ts';

export type Verdict = Pick<OperatorAnswer, 'outcome' | 'detail'>;

const LOOK_EVERY_MS = 1000;
const PAUSE_MS = 200;
/** Below the minute after which requests and answers are forgotten. */
const PATIENCE_MS = 45_000;
const DETAIL_CHARS = 1_000;

/** `act` answers null for what this worker does not hold, or cannot take now: it is looked at again. */
export function attendRequests(options: {
  readonly requests: OperatorRequests;
  readonly by: string;
  readonly clock: RuntimeClock;
  readonly act: (request: OperatorRequest) => Promise<Verdict | null>;
  readonly unreachable: (why: string) => void;
}): Repetition {
  const { requests, by, clock, act } = options;
  const attend = async (request: OperatorRequest): Promise<void> => {
    const verdict = await act(request).catch((error: unknown) => refused(messageOf(error)));
    if (verdict !== null) await requests.answer(request.id, { ...verdict, by, detail: verdict.detail.slice(0, DETAIL_CHARS) });
  };
  const look = async (): Promise<void> => {
    await Promise.all((await requests.pending()).map(attend));
  };
  return clock.every(LOOK_EVERY_MS, look, (error) => options.unreachable(messageOf(error)));
}

/**
 * Everything that the state holds goes to ClickHouse once more, and from Redis what the state has dropped: the base is forgotten while no publish is
 * under way, and the next one brings it all. Equal versions take the place of what is there. Answers when the head has closed.
 */
export async function republish(held: LineagePartition, clock: RuntimeClock, isHeld: () => boolean): Promise<Verdict> {
  if (held.halted !== null) return refused(`it is halted: ${held.halted}`);
  await held.stopBeats();
  const { memory } = held;
  if (memory === null) {
    if (isHeld()) held.startBeats();
    return refused('its state is not loaded yet: ask again in a moment');
  }
  const position = positionOf(memory);
  memory.clickhouse.base = NO_VERSION;
  // What waits now was published before: it must not make the fold rest.
  memory.clickhouse.blocked = true;
  if (isHeld()) held.startBeats();
  for (let waitedMs = 0; waitedMs < PATIENCE_MS && isHeld() && held.halted === null; waitedMs += PAUSE_MS) {
    if (held.memory !== memory) return refused('its state was loaded anew meanwhile: ask again');
    if (memory.clickhouse.base !== null && memory.clickhouse.base >= position) {
      return { outcome: 'done', detail: `all rows up to position ${splitVersion(position).next} were written to clickhouse again` };
    }
    await clock.sleep(PAUSE_MS);
  }
  if (held.halted !== null) return refused(`it halted: ${held.halted}`);
  return refused(isHeld() ? 'the rows are not all written yet; the worker goes on with it' : 'the partition went to another worker');
}

export function refused(detail: string): Verdict {
  return { outcome: 'refused', detail };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
