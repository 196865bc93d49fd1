/** Watches that the topic stays the one that was found at the start: a re-created topic must not be archived as if it went on. */
import { type ArchiveWriter, type LogEpoch, type LogIdentity, logText } from '@tidemark/pipeline';

/** Why the partitions must halt, or null while the topic is the same. */
function topicChange(before: LogIdentity, now: LogIdentity): string | null {
  if (now.clusterId !== before.clusterId) return `the brokers belong to cluster ${now.clusterId}, before it was ${before.clusterId}`;
  if (now.topicId !== before.topicId)
    return `the topic was re-created (id ${now.topicId}, before ${before.topicId}): tidemark epoch raise lets the log go on in it`;
  if (now.partitionCount !== before.partitionCount) return `the topic has ${now.partitionCount} partitions, before ${before.partitionCount}`;
  return null;
}

/** Halts every partition that the writer holds once the topic has changed. */
export function haltOnChange(writer: ArchiveWriter, before: LogIdentity, now: LogIdentity): void {
  const reason = topicChange(before, now);
  if (reason === null) return;
  for (const { partition } of writer.partitions()) writer.halt(partition, reason);
}

/** Halts all partitions when the log goes on in another topic than this one, by what the journal says. */
export function haltOnOtherTopic(writer: ArchiveWriter, identity: LogIdentity, epochs: readonly LogEpoch[]): void {
  const last = epochs.at(-1);
  if (last === undefined || last.log === logText(identity)) return;
  const reason = `the topic was re-created (it is ${logText(identity)}, the log goes on in ${last.log}): tidemark epoch raise lets the log go on in it`;
  for (let partition = 0; partition < identity.partitionCount; partition++) writer.halt(partition, reason);
}
