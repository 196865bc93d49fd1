/** The worker's permanent check of itself: registers of actors drawn at random, recomputed from the archive and held to those in memory. */
// How one actor is checked, and why a difference is certain:
// 1. A record drawn from the archive names the actor. What is remembered of the actor, and where its partition stands, is copied between two batches.
// 2. When the archive's chain reaches that position, the actor's records below it are folded again in a fold of their own, in the order of the log, each
//    under the clock that the partition had before it. Equal registers are a proof; nothing else is asked then.
// 3. What differs counts only if no other actor can have decided an outcome: no record late by others' clocks alone, no message id that others used, no
//    repeat with another time that moved the clock as we compute it. Otherwise the check is undecided, and says so.
import { actorHash, type Partitioner } from '@tidemark/codec';
import type { FoldSettings, MetricSet } from '@tidemark/core';
import type { PartitionMemory } from '../partition/memory.ts';
import type { ArchivedRecord, CheckArchive, PartitionArchive } from '../ports/archive.ts';
import type { RuntimeClock } from '../ports/time.ts';
import { type ActorRegisters, type ActorWords, actorRegisters, registerDifferences } from './actor-registers.ts';
import { type ClockMemo, createClockMemo } from './clock-memo.ts';
import { type ActorFolder, createActorFolder, type StandingState, standingState } from './fold-actor.ts';

/** A partition of a lineage as the worker holds it now. */
export interface HeldLineage {
  readonly set: MetricSet;
  readonly lineage: string;
  readonly partition: number;
  readonly memory: PartitionMemory;
}

export interface ActorCheckOptions {
  readonly archive: PartitionArchive & CheckArchive;
  readonly settings: FoldSettings;
  readonly partitioner: Partitioner;
  readonly partitionCount: number;
  readonly clock: Pick<RuntimeClock, 'sleep'>;
  /** At least 0, below 1. */
  readonly random: () => number;
  /** Actors with more records are passed over: the bound of what one check costs. Default 500. */
  readonly maxRecords?: number;
  /** How long the archiver is waited for. Default 10,000. */
  readonly patienceMs?: number;
}

/** `passed`: nobody was checked, because of the record that was drawn, or because the archive is not there yet. */
export interface ActorCheck {
  readonly outcome: 'same' | 'different' | 'undecided' | 'passed';
  readonly position: { readonly epoch: number; readonly next: number };
  /** Registers that differ. */
  readonly differences: number;
  /** Names the actor by a record of its own: no text that a person wrote. */
  readonly detail: string;
}

export interface ActorChecker {
  /** Checks one actor, drawn at random. Throws StoreUnavailable. Whatever it folds it folds at once, between two batches. */
  check(held: HeldLineage): Promise<ActorCheck>;
}

const DEFAULTS = { maxRecords: 500, patienceMs: 10_000 };
const PAUSE_MS = 500;

export function createActorChecker(options: ActorCheckOptions): ActorChecker {
  const folders = new Map<string, ActorFolder>();
  const memos = new Map<string, ClockMemo>();
  const { archive, settings } = options;
  return {
    async check(held) {
      const { set, lineage, partition, memory } = held;
      const { epoch, next } = memory.fold.state;
      const [drawn] = await archive.records({ epoch, partition, from: Math.floor(options.random() * next), to: next, limit: 1 });
      if (drawn?.parsed == null) return { ...passed(memory), detail: 'the record that was drawn is nobody’s' };
      const actor = actorHash(drawn.parsed.actorKind, drawn.parsed.actorId);
      const at = standingState(memory.fold.state);
      const live = actorRegisters(memory.fold.state, actor);
      if (!(await reaches(options, partition, at))) return { ...passed(memory), detail: 'the archive does not reach the position yet' };
      const folder = folders.get(lineage) ?? createActorFolder({ ...options, set });
      folders.set(lineage, folder);
      const place = `${epoch}:${partition}`;
      const memo = memos.get(place) ?? createClockMemo({ archive, epoch, partition, futureMs: settings.futureMs });
      memos.set(place, memo);
      return checkActor({ ...options, folder, memo }, { partition, drawn, actor, at, live });
    },
  };
}

function passed({ fold }: PartitionMemory): Omit<ActorCheck, 'detail'> {
  const { epoch, next } = fold.state;
  return { outcome: 'passed', position: { epoch, next }, differences: 0 };
}

async function reaches(
  { archive, clock, patienceMs = DEFAULTS.patienceMs }: ActorCheckOptions,
  partition: number,
  at: StandingState,
): Promise<boolean> {
  for (let waitedMs = 0; ; waitedMs += PAUSE_MS) {
    const end = await archive.chainEnd(at.epoch, partition);
    if (end !== null && end.from === 0 && end.to >= at.next) return true;
    if (waitedMs >= patienceMs) return false;
    await clock.sleep(PAUSE_MS);
  }
}

interface DrawnActor {
  readonly partition: number;
  readonly drawn: ArchivedRecord;
  readonly actor: ActorWords;
  readonly at: StandingState;
  readonly live: ActorRegisters;
}

async function checkActor(
  options: ActorCheckOptions & { readonly folder: ActorFolder; readonly memo: ClockMemo },
  { partition, drawn, actor, at, live }: DrawnActor,
): Promise<ActorCheck> {
  const { archive, folder, memo, maxRecords = DEFAULTS.maxRecords } = options;
  const { epoch, next } = at;
  const span = { epoch, partition, actorId: drawn.parsed?.actorId ?? '', to: next };
  const who = `the actor of the record at offset ${drawn.offset}`;
  const answer = (outcome: ActorCheck['outcome'], detail: string, differences = 0): ActorCheck => ({
    outcome,
    position: { epoch, next },
    differences,
    detail,
  });
  const records = await archive.recordsInOrder(span, maxRecords + 1);
  if (records.length > maxRecords) return answer('passed', `${who} has more than ${maxRecords} records`);
  const clocks = await memo.before(records.map(({ offset }) => offset));
  if (clocks === null) return answer('passed', 'the clocks of the partition are not all known yet');
  const { registers, doubt } = folder.fold({ partition, actor, records, clocks, at });
  const differences = registerDifferences(live, registers);
  const [first] = differences;
  if (first === undefined) return answer('same', '');
  const reason = doubt ?? (await doubtOfOthers(archive, span, records));
  const detail = `${who}: register ${first.register} holds [${first.live}], the archive gives [${first.recomputed}]`;
  return reason === null ? answer('different', detail, differences.length) : answer('undecided', `${detail}; ${reason}`);
}

/** Asked only when something differs: it reads the whole partition. */
async function doubtOfOthers(
  archive: CheckArchive,
  span: Parameters<CheckArchive['isIdOfOthers']>[0],
  records: readonly ArchivedRecord[],
): Promise<string | null> {
  const ids = records.flatMap(({ parsed }) => (parsed === null ? [] : [parsed.messageId]));
  if (await archive.isIdOfOthers(span, ids)) return 'others have used one of its message ids';
  if (await archive.hasRestampedIds(span)) return 'repeats came with other times, so that the clock is not certain';
  return null;
}
