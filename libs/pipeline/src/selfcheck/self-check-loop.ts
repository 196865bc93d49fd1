/** Checks a few actors every few seconds, for as long as the worker works, and keeps the results where the audit finds them. */
import type { CheckLedger, CheckResult } from '../ports/check.ts';
import { StoreUnavailable } from '../ports/sink.ts';
import type { Repetition, RuntimeClock } from '../ports/time.ts';
import { versionOf } from '../ports/version.ts';
import type { ActorCheck, ActorChecker, HeldLineage } from './self-check.ts';

export type SelfCheckEvent =
  | (Pick<HeldLineage, 'lineage' | 'partition'> & { readonly event: 'selfchecked'; readonly check: ActorCheck })
  | { readonly event: 'selfcheck_unreachable'; readonly why: string };

export interface SelfCheckOptions {
  readonly held: () => readonly HeldLineage[];
  readonly checker: ActorChecker;
  readonly ledger: CheckLedger;
  readonly clock: RuntimeClock;
  readonly random: () => number;
  readonly intervalMs: number;
  /** Actors in each round. */
  readonly actors: number;
  /** Results are kept once in so many ms, a difference at once. Default 60,000. */
  readonly recordIntervalMs?: number;
  readonly report: (event: SelfCheckEvent) => void;
}

const RECORD_INTERVAL_MS = 60_000;

/** Rounds never overlap. A store that is away is told and tried again in the next round. */
export function startSelfCheck(options: SelfCheckOptions): Repetition {
  const { held, checker, clock, random, report } = options;
  const tally = createTally(options);
  const round = async (): Promise<void> => {
    for (let actor = 0; actor < options.actors; actor++) {
      const candidates = held().filter(({ memory }) => memory.fold.state.next > 0);
      const chosen = candidates[Math.floor(random() * candidates.length)];
      if (chosen === undefined) return;
      const check = await checker.check(chosen);
      tally.add(chosen, check, clock.nowMs());
      report({ event: 'selfchecked', lineage: chosen.lineage, partition: chosen.partition, check });
    }
    await tally.record(clock.nowMs());
  };
  const failed = (error: unknown): void => {
    const why = error instanceof Error ? error.message : String(error);
    // A check that fails for another reason than an absent store must not pass for one that was made.
    report({ event: 'selfcheck_unreachable', why: error instanceof StoreUnavailable ? why : `the check itself failed: ${why}` });
  };
  return clock.every(options.intervalMs, round, failed);
}

/** Sums up by lineage and partition what was checked since the last record. */
function createTally({ ledger, recordIntervalMs = RECORD_INTERVAL_MS, clock }: SelfCheckOptions) {
  const results = new Map<string, CheckResult>();
  let recordedAtMs = clock.nowMs();
  return {
    add: ({ lineage, partition }: HeldLineage, check: ActorCheck, checkedAtMs: number): void => {
      if (check.outcome === 'passed') return;
      const key = `${lineage}:${partition}`;
      const before = results.get(key);
      const worse = before?.outcome === 'different' || (before?.outcome === 'undecided' && check.outcome === 'same') ? before : null;
      results.set(key, {
        kind: 'selfcheck',
        lineage,
        partition,
        checkedAtMs,
        position: versionOf(check.position.epoch, check.position.next),
        outcome: worse?.outcome ?? check.outcome,
        compared: (before?.compared ?? 0) + 1,
        differences: (before?.differences ?? 0) + (check.outcome === 'different' ? check.differences : 0),
        detail: (worse?.detail ?? check.detail).slice(0, 1_000),
      });
    },
    record: async (nowMs: number): Promise<void> => {
      const isUrgent = [...results.values()].some(({ outcome }) => outcome === 'different');
      if (results.size === 0 || (!isUrgent && nowMs - recordedAtMs < recordIntervalMs)) return;
      await ledger.record([...results.values()]);
      results.clear();
      recordedAtMs = nowMs;
    },
  };
}
