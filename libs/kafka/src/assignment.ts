/** Which partitions this member holds and where each stands: what may be fetched, what is handed over, what is dropped. Knows no kafkajs. */
import type { EventLog, LogBatch, LogHandler } from '@tidemark/pipeline';

/** What the assignment asks of the group's client. */
export interface FetchControls {
  pause(partition: number): void;
  resume(partition: number): void;
  /** The next fetch of the partition asks for this offset. */
  seek(partition: number, offset: number): void;
  commit(partition: number, offset: number): void;
}

/** A batch as the client delivers it. */
export interface DeliveredBatch {
  readonly partition: number;
  /** The offset that the fetch asked for. */
  readonly fetchedOffset: number;
  /** The records, as a batch that continues `requestedOffset`. Throws when they cannot be read. */
  read(requestedOffset: number): LogBatch;
  /** True when the position was moved after the fetch. */
  isStale(): boolean;
}

export interface Assignment {
  /** At every join of the group: these partitions are ours, each to be loaded before its first fetch. */
  joined(partitions: readonly number[]): void;
  /** The membership ended. */
  ended(): void;
  control: EventLog['control'];
  /**
   * Hands the batch over, or drops it: not ours, still loading, paused, stale. True when the client may go on behind it.
   * Throws what `read` throws.
   */
  deliver(batch: DeliveredBatch): boolean;
}

interface Holding {
  /** `waiting`: the handler answered null, nothing is fetched until it seeks. */
  phase: 'loading' | 'waiting' | 'reading';
  /** Paused by the handler. */
  paused: boolean;
  /** Where the client fetches next unless it jumps. */
  expected: number;
  /** The same as the handler sees it: it does not know of the records that are never handed over. */
  position: number;
  /** Raised by every seek and load, so that what belongs to an earlier position is noticed. */
  turn: number;
}

/** `onFault`: the handler broke its contract by throwing; nothing more may be handed over. */
export function createAssignment(handler: LogHandler, controls: FetchControls, onFault: (error: unknown) => void): Assignment {
  const held = new Map<number, Holding>();
  /** The last call of `assigned` per partition: the next one waits for it. */
  const loads = new Map<number, Promise<void>>();
  const guard = (call: () => void): void => {
    try {
      call();
    } catch (error) {
      onFault(error);
    }
  };

  const load = async (partition: number, holding: Holding, before: Promise<void> | undefined): Promise<void> => {
    const { turn } = holding;
    const isCurrent = (): boolean => held.get(partition) === holding && holding.turn === turn;
    await before;
    if (!isCurrent()) return;
    const offset = await handler.assigned(partition);
    if (!isCurrent()) return;
    if (offset === null) holding.phase = 'waiting';
    else start(controls, partition, holding, offset);
  };

  const revoke = (partition: number): void => {
    held.delete(partition);
    guard(() => handler.revoked(partition));
  };

  return {
    joined(partitions) {
      const ours = new Set(partitions);
      for (const partition of [...held.keys()]) if (!ours.has(partition)) revoke(partition);
      for (const partition of ours) {
        // The client's pauses and seeks outlive a rebalance: every partition is stopped first and sought anew.
        controls.pause(partition);
        const holding = held.get(partition) ?? { phase: 'loading', paused: false, expected: 0, position: 0, turn: 0 };
        holding.phase = 'loading';
        holding.turn += 1;
        held.set(partition, holding);
        loads.set(partition, load(partition, holding, loads.get(partition)).catch(onFault));
      }
    },
    ended() {
      for (const partition of [...held.keys()]) revoke(partition);
    },
    control(partition, action) {
      const holding = held.get(partition);
      if (holding === undefined) return;
      if ('commit' in action) controls.commit(partition, action.commit);
      else if ('seek' in action) {
        // While loading, the answer of `assigned` decides.
        if (holding.phase !== 'loading') start(controls, partition, holding, action.seek);
      } else {
        holding.paused = 'pause' in action;
        if (holding.phase !== 'reading') return;
        if (holding.paused) controls.pause(partition);
        else controls.resume(partition);
      }
    },
    deliver(delivered) {
      const holding = held.get(delivered.partition);
      if (holding === undefined || holding.phase !== 'reading' || holding.paused || delivered.isStale()) return false;
      const { turn } = holding;
      const jumped = delivered.fetchedOffset !== holding.expected;
      const batch = delivered.read(jumped ? delivered.fetchedOffset : holding.position);
      const last = batch.length - 1;
      const position = last < 0 ? holding.position : batch.offset(last) + 1;
      const { nextOffset } = batch;
      // A jump onto records that are not handed over must still show as one, by the first batch behind them.
      if (last < 0 && jumped) return true;
      guard(() => handler.batch(batch));
      if (holding.turn !== turn || delivered.isStale()) return false;
      holding.expected = nextOffset;
      holding.position = position;
      return true;
    },
  };
}

function start(controls: FetchControls, partition: number, holding: Holding, offset: number): void {
  holding.phase = 'reading';
  holding.expected = offset;
  holding.position = offset;
  holding.turn += 1;
  controls.seek(partition, offset);
  if (!holding.paused) controls.resume(partition);
}
