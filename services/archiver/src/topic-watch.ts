/** Watches that the topic stays the one that was found at the start: a re-created topic must not be archived as if it went on. */
import type { ArchiveWriter, LogIdentity } from '@tidemark/pipeline';

/** Why the partitions must halt, or null while the topic is the same. */
function topicChange(before: LogIdentity, now: LogIdentity): string | null {
  if (now.clusterId !== before.clusterId) return `the brokers belong to cluster ${now.clusterId}, before it was ${before.clusterId}`;
  if (now.topicId !== before.topicId) return `the topic was re-created (id ${now.topicId}, before ${before.topicId}): raise the epoch`;
  if (now.partitionCount !== before.partitionCount) return `the topic has ${now.partitionCount} partitions, before ${before.partitionCount}`;
  return null;
}

/** Halts every partition that the writer holds once the topic has changed. */
export function haltOnChange(writer: ArchiveWriter, before: LogIdentity, now: LogIdentity): void {
  const reason = topicChange(before, now);
  if (reason === null) return;
  for (const { partition } of writer.partitions()) writer.halt(partition, reason);
}
