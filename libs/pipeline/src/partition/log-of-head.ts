/** Which log the figures of a head were folded from: all that tells a log that was replaced from the one before, once the state is lost. */
import type { LogIdentity } from '../ports/log.ts';
import type { Head } from '../ports/sink.ts';
import { splitVersion } from '../ports/version.ts';

/** `cluster/topic/partitions`. A topic that was deleted and created anew is another one. */
export function logText({ clusterId, topicId, partitionCount }: LogIdentity): string {
  return `${clusterId}/${topicId}/${partitionCount}`;
}

/** Why the figures of a head, closed or announced, cannot be continued from this log in this epoch, or null. Figures that say nothing of their log may be. */
export function foreignLog(name: string, head: Head, present: { readonly identity: LogIdentity; readonly epoch: number | undefined }): string | null {
  const { identity, epoch } = present;
  const { closed, target, note, announced } = head;
  if (note !== null && note.partitionCount !== identity.partitionCount)
    return `the partition count of the log is ${identity.partitionCount}, the figures in ${name} are of ${note.partitionCount}`;
  const own = logText(identity);
  const isForeign = (version: string, log: string | undefined): log is string =>
    log !== undefined && log !== own && splitVersion(version).epoch === epoch;
  const foreign = isForeign(closed, note?.log) ? note?.log : isForeign(target, announced) ? announced : undefined;
  return foreign === undefined ? null : `the identity of the log is ${own}, the figures in ${name} are of ${foreign}`;
}
