/** Where each partition of a topic that was created anew continues the one before it, or why it cannot. Pure. */
import { type LogBounds, type LogEpoch, type LogIdentity, logOfEpochs, logText } from '@tidemark/pipeline';
import { formatCount } from '@tidemark/runtime';

/** How far something was folded, and from which log; null where it does not say. */
export interface Folded {
  readonly partition: number;
  /** The lineage's set, or its id. */
  readonly of: string;
  readonly where: 'the saved state' | 'redis' | 'clickhouse';
  readonly log: string | null;
  readonly next: number;
}

export interface RaiseFacts {
  /** Of the topic as it is now. */
  readonly identity: LogIdentity;
  /** Offsets of that topic. */
  readonly bounds: ReadonlyMap<number, LogBounds>;
  readonly epochs: readonly LogEpoch[];
  readonly folded: readonly Folded[];
  /** By partition: the unbroken chain's end, and the end of whatever else the archive holds. */
  readonly archive: ReadonlyMap<number, { readonly chainEnd: number; readonly reach: number }>;
}

export type RaisePlan =
  | { readonly plan: 'nothing'; readonly why: string }
  | { readonly plan: 'refused'; readonly why: string }
  | { readonly plan: 'raise'; readonly epoch: LogEpoch };

const WAY_OUT = 'the way out is a new namespace: tidemark repartition makes its log from the archive';

export function planRaise(facts: RaiseFacts): RaisePlan {
  const { identity, epochs } = facts;
  const own = logText(identity);
  const number = epochs.length + 1;
  if (epochs.at(-1)?.log === own) return { plan: 'nothing', why: `the log goes on in this topic already, in epoch ${number}` };
  const before = earlierLog(facts, own);
  if (typeof before !== 'string') return before;
  const partitions = Number(before.split('/').at(-1));
  if (partitions !== identity.partitionCount) {
    const counts = `the topic has ${identity.partitionCount} partitions, the one before it had ${partitions}`;
    return refused(`${counts}: actors would be in other partitions than their past. Create the topic with ${partitions}, or ${WAY_OUT}`);
  }
  const from: number[] = [];
  const at: number[] = [];
  for (let partition = 0; partition < partitions; partition++) {
    const begin = beginOf(facts, own, partition);
    if ('plan' in begin) return begin;
    from.push(begin.from);
    at.push(begin.at);
  }
  return { plan: 'raise', epoch: { log: own, continues: epochs.at(-1)?.log ?? before, from, at } };
}

/** What all figures and states were folded from, as they call it, or why there is nothing to continue. */
function earlierLog({ identity, epochs, folded }: RaiseFacts, own: string): string | RaisePlan {
  const before = logOfEpochs(epochs);
  const isKnown = (log: string): boolean => log === own || log === before || epochs.some(({ continues }) => continues === log);
  const others = [...new Set(folded.flatMap(({ log, next }) => (log === null || next === 0 ? [] : [log])))];
  if (before !== null) {
    // Of an epoch before the last one: a partition that had nothing to save since.
    const foreign = others.find((log) => !isKnown(log) && !isEarlier(log, epochs));
    return foreign === undefined
      ? before
      : refused(`figures of ${foreign} are served, which the journal does not know: restore the journal from a backup`);
  }
  const [first, second] = others.filter((log) => log !== own);
  if (second !== undefined) return refused(`what was folded is of several logs, ${first} and ${second}: the log cannot go on behind both`);
  if (first !== undefined) return first;
  const why = others.length === 0 ? 'nothing is folded yet that says from which topic' : 'all that is folded is of this very topic';
  return { plan: 'nothing', why: `${why}, ${identity.topicId}` };
}

/** Where the partition goes on: right behind the archive, which must hold all that was folded. */
function beginOf(
  { bounds, folded, archive }: RaiseFacts,
  own: string,
  partition: number,
): { readonly from: number; readonly at: number } | RaisePlan {
  const mine = folded.filter((each) => each.partition === partition && each.next > 0);
  const ofNew = mine.filter(({ log }) => log === own);
  const { chainEnd, reach } = archive.get(partition) ?? { chainEnd: 0, reach: 0 };
  // Nothing had come before the topic was created anew: it is the partition's first.
  if (ofNew.length > 0 && ofNew.length === mine.length) return { from: 0, at: 0 };
  const [mixed] = ofNew;
  if (mixed !== undefined)
    return refused(`partition ${partition}: ${mixed.where} of ${mixed.of} was folded from the new topic, the rest from the one before: ${WAY_OUT}`);
  if (reach > chainEnd) {
    const ends = `the archive's unbroken chain ends at ${formatCount(chainEnd)}, and it holds records up to ${formatCount(reach)}`;
    return refused(`partition ${partition}: ${ends}: whether something is missing between them only the deleted topic knew; ${WAY_OUT}`);
  }
  const beyond = mine.find(({ next }) => next > chainEnd);
  if (beyond !== undefined) {
    const ends = `${beyond.where} of ${beyond.of} reaches position ${formatCount(beyond.next)}, the archive ${formatCount(chainEnd)}`;
    return refused(
      `partition ${partition}: ${ends}: what lies between is nowhere any more, so that figures which hold it could never be proven; ${WAY_OUT}`,
    );
  }
  return { from: bounds.get(partition)?.low ?? 0, at: chainEnd };
}

/** By the names that epochs give their logs. */
function isEarlier(log: string, epochs: readonly LogEpoch[]): boolean {
  return epochs.some((_, index) => logOfEpochs(epochs.slice(0, index)) === log);
}

function refused(why: string): RaisePlan {
  return { plan: 'refused', why };
}
