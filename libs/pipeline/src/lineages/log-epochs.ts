/** Which topics the log of a deployment went through, by the journal's entries of kind `epoch`, and what was folded from which of them. */
import type { LogIdentity } from '../ports/log.ts';
import { compareEntries, type JournalEntry } from './entry.ts';
import { type LogEpoch, readEpochText } from './epoch-text.ts';

/** Behind a topic's id. */
const NUMBER = /\.\d+$/;

/**
 * In the order of the entries. One that does not continue the topic before it, or would give a position twice, has no effect: of two operators at once
 * the first counts.
 */
export function logEpochs(entries: readonly JournalEntry[]): readonly LogEpoch[] {
  const epochs: LogEpoch[] = [];
  const unique = new Map(entries.map((entry) => [entry.id, entry]));
  for (const entry of [...unique.values()].sort(compareEntries)) {
    if (entry.kind !== 'epoch') continue;
    const epoch = readEpochText(entry.origin);
    const before = epochs.at(-1);
    const follows = before === undefined || (epoch.continues === before.log && epoch.at.every((at, partition) => at >= (before.at[partition] ?? 0)));
    if (follows && epoch.log !== epoch.continues) epochs.push(epoch);
  }
  return epochs;
}

/**
 * The identity of a log that continues others: it names them, and its topic's id has the number of the epoch behind it, so that nobody who takes the
 * topic's offsets for positions goes on with what was folded here. That of any other topic is left as it is: nothing that was folded before goes on in it.
 */
export function continuedIdentity(identity: LogIdentity, epochs: readonly LogEpoch[]): LogIdentity {
  const { clusterId, partitionCount } = identity;
  const topicId = identity.topicId.replace(NUMBER, '');
  if (epochs.at(-1)?.log !== logText({ clusterId, topicId, partitionCount })) return identity;
  const earlier = epochs.map(({ continues, at }, index) => ({ log: numbered(continues, index), ends: at }));
  return { ...identity, topicId: `${topicId}.${epochs.length + 1}`, earlier };
}

/** What heads and manifests call the log that the last epoch made; null before the first. */
export function logOfEpochs(epochs: readonly LogEpoch[]): string | null {
  const last = epochs.at(-1);
  return last === undefined ? null : numbered(last.log, epochs.length);
}

/** With the number of its epoch behind the topic's id; the first has none. */
function numbered(log: string, index: number): string {
  return index === 0 ? log : log.replace(/\/[^/]*$/, (partitions) => `.${index + 1}${partitions}`);
}

/** `cluster/topic/partitions`. A topic that was deleted and created anew is another one. */
export function logText({ clusterId, topicId, partitionCount }: Pick<LogIdentity, 'clusterId' | 'topicId' | 'partitionCount'>): string {
  return `${clusterId}/${topicId}/${partitionCount}`;
}

/** Whether what was folded from a log up to a position is a beginning of this one: it is this very log, or one that this continues, up to where it ended. */
export function isBeginningOf(identity: LogIdentity, folded: { readonly log: string; readonly partition: number; readonly next: number }): boolean {
  if (folded.log === logText(identity)) return true;
  return (identity.earlier ?? []).some(({ log, ends }) => log === folded.log && folded.next <= (ends[folded.partition] ?? -1));
}
