/** Keeps the heads of both stores fresh, so that readiness and the cache know every position within a fraction of a second. */
import type { HeadWatch, StoreName } from '@tidemark/pipeline';
import type { Logger, Repeater, SystemClock } from '@tidemark/runtime';
import type { Telemetry } from './telemetry.ts';

const POLL_EVERY_MS = 200;
/** ClickHouse is published to at most once a second; while Redis answers, its heads only matter where it knows more. */
const CLICKHOUSE_EVERY_MS = 1_000;

export interface PollingOptions {
  readonly watch: HeadWatch;
  readonly clock: SystemClock;
  readonly telemetry: Telemetry;
  readonly logger: Logger;
  /** Called after every poll of a store: heads may have moved. */
  readonly polled?: () => void;
}

/** Polls until stopped. A store that goes away or comes back is one line in the log. */
export function startPolling({ watch, clock, telemetry, logger, polled }: PollingOptions): Repeater {
  const wasUp = new Map<StoreName, boolean>();
  const poll = async (store: StoreName): Promise<void> => {
    await watch.poll(store);
    polled?.();
    const { error } = watch.state(store);
    const isUp = error === null;
    telemetry.setStoreUp(store, isUp);
    if (wasUp.get(store) === isUp) return;
    wasUp.set(store, isUp);
    if (isUp) logger.info({ store }, 'store answers');
    else logger.warn({ store, reason: error }, 'store does not answer');
  };
  const due = (store: StoreName): boolean =>
    store === 'redis' ||
    watch.state('redis').heads === null ||
    clock.nowMs() - watch.state(store).askedAtMs >= CLICKHOUSE_EVERY_MS - POLL_EVERY_MS / 2;
  const repeaters = (['redis', 'clickhouse'] as const).map((store) =>
    clock.every(POLL_EVERY_MS, async () => {
      if (due(store)) await poll(store);
    }),
  );
  return {
    stop: async () => {
      await Promise.all(repeaters.map((repeater) => repeater.stop()));
    },
  };
}
