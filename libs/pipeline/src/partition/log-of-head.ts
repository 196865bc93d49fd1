/** Which log the figures of a head were folded from: all that tells a log that was replaced from the one before, once the state is lost. */
import { isBeginningOf, logText } from '../lineages/log-epochs.ts';
import type { LogIdentity } from '../ports/log.ts';
import type { Head } from '../ports/sink.ts';
import { splitVersion } from '../ports/version.ts';

/** Why the figures of a head, closed or announced, cannot be continued from this log in this epoch, or null. Figures that say nothing of their log may be. */
export function foreignLog(
  name: string,
  head: Head,
  present: { readonly identity: LogIdentity; readonly partition: number; readonly epoch: number | undefined },
): string | null {
  const { identity, partition, epoch } = present;
  const { closed, target, note, announced } = head;
  if (note !== null && note.partitionCount !== identity.partitionCount)
    return `the partition count of the log is ${identity.partitionCount}, the figures in ${name} are of ${note.partitionCount}`;
  const own = logText(identity);
  const isForeign = (version: string, log: string | undefined): log is string => {
    const at = splitVersion(version);
    return log !== undefined && at.epoch === epoch && !isBeginningOf(identity, { log, partition, next: at.next });
  };
  const foreign = isForeign(closed, note?.log) ? note?.log : isForeign(target, announced) ? announced : undefined;
  return foreign === undefined ? null : `the identity of the log is ${own}, the figures in ${name} are of ${foreign}`;
}
