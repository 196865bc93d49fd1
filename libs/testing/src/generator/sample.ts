/** The three sample worlds together, as a fresh installation is filled with them and as they go on. */
import { cabinetHistory } from './cabinet/history.ts';
import { cabinetLive } from './cabinet/live.ts';
import { crmHistory } from './crm/history.ts';
import { crmLive } from './crm/live.ts';
import type { LiveSource } from './live.ts';
import { mapHistory } from './map/history.ts';
import { mapLive } from './map/live.ts';
import type { SampleEvent } from './record.ts';

const CABINET = { people: 5_000, days: 60 };
const MAP = { scale: 50, months: 6 };
const CRM = { companies: 260, days: 120 };
/** Of all live events. */
const LIVE_SHARES = { cabinet: 0.6, map: 0.2, crm: 0.2 };

export interface SampleOptions {
  readonly seed: number;
  /** Where the history ends, epoch ms. */
  readonly endMs: number;
}

/** About 280,000 events of the three worlds, in time order; the same options give the same bytes. */
export function sampleHistory({ seed, endMs }: SampleOptions): Generator<SampleEvent> {
  return inTimeOrder([
    cabinetHistory({ seed, ...CABINET, events: 200_000, endMs }),
    mapHistory({ seed, ...MAP, endMs }),
    crmHistory({ seed, ...CRM, events: 40_000, endMs }),
  ]);
}

/** `eventsPerSecond` of all worlds together. */
export function sampleLive({ seed, endMs, eventsPerSecond, startMs }: SampleOptions & { eventsPerSecond: number; startMs: number }): LiveSource {
  const rate = (share: number) => ({ seed, eventsPerSecond: eventsPerSecond * share, startMs });
  const sources = [
    cabinetLive({ ...rate(LIVE_SHARES.cabinet), people: CABINET.people }),
    mapLive({ ...rate(LIVE_SHARES.map), ...MAP, historyEndMs: endMs }),
    crmLive({ ...rate(LIVE_SHARES.crm), ...CRM }),
  ];
  return (nowMs) => sources.flatMap((source) => source(nowMs));
}

/** Each source is in time order; of equal times the earlier source comes first. */
function* inTimeOrder(sources: readonly Generator<SampleEvent>[]): Generator<SampleEvent> {
  const heads = sources.map((source) => ({ source, next: source.next() }));
  for (;;) {
    let first: { readonly head: (typeof heads)[number]; readonly event: SampleEvent } | null = null;
    for (const head of heads) {
      if (head.next.done === true) continue;
      if (first === null || head.next.value.timeMs < first.event.timeMs) first = { head, event: head.next.value };
    }
    if (first === null) return;
    yield first.event;
    first.head.next = first.head.source.next();
  }
}
