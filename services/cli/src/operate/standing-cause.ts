/** Whether the cause of a halt plainly still stands, by what log and stores say now. Pure. */
import {
  type Head,
  haltCodeOf,
  isBeginningOf,
  type LogBounds,
  type LogIdentity,
  logText,
  type Manifest,
  NO_VERSION,
  splitVersion,
} from '@tidemark/pipeline';

export interface HaltFacts {
  readonly partition: number;
  /** The sentence that a head tells; null when none does. */
  readonly halted: string | null;
  /** Where the saved state stands; null when none is saved: the log is folded from its beginning. */
  readonly next: number | null;
  /** Null: the topic has no such partition. */
  readonly bounds: LogBounds | null;
  /** The unbroken chain: workers read from it what the log has deleted. Null when nothing is archived. */
  readonly archive: { readonly from: number; readonly to: number } | null;
  readonly identity: LogIdentity;
  readonly partitioner: string;
  readonly manifest: Manifest | null;
  readonly redis: Head | null;
  readonly clickhouse: Head | null;
}

/** One sentence that names it, or null: then the worker may try, and what cannot be seen from here halts it again. */
export function standingCause(facts: HaltFacts): string | null {
  const { halted, bounds } = facts;
  if (halted === null) return null;
  if (bounds === null) return 'the topic still has no such partition';
  // Whatever it halted for, these stand against any start.
  return identityCause(facts) ?? boundsCause(facts, bounds) ?? stateCause(halted, facts);
}

function identityCause({ partition, manifest, identity, partitioner, redis, clickhouse }: HaltFacts): string | null {
  const known = manifest?.partitionCount ?? redis?.note?.partitionCount ?? clickhouse?.note?.partitionCount ?? identity.partitionCount;
  if (known !== identity.partitionCount) return `the topic has ${identity.partitionCount} partitions, the figures are of ${known}`;
  const own = logText(identity);
  for (const [name, head] of Object.entries({ redis, clickhouse })) {
    const log = head?.note?.log;
    const at = splitVersion(head?.closed ?? NO_VERSION);
    if (log !== undefined && at.epoch === (manifest?.epoch ?? 1) && !isBeginningOf(identity, { log, partition, next: at.next }))
      return `the log is ${own}, the figures in ${name} are of ${log}`;
  }
  if (manifest === null) return null;
  const isOfThisLog = isBeginningOf(identity, { log: logText(manifest), partition, next: manifest.next });
  if (!isOfThisLog && manifest.clusterId !== identity.clusterId)
    return `the brokers belong to cluster ${identity.clusterId}, the state was folded with ${manifest.clusterId}`;
  if (!isOfThisLog && manifest.topicId !== identity.topicId)
    return `the topic's id is ${identity.topicId}, the state was folded with ${manifest.topicId}: it was re-created`;
  if (manifest.partitioner !== partitioner) return `TIDEMARK_PARTITIONER is ${partitioner} here, the state was folded with ${manifest.partitioner}`;
  return null;
}

function boundsCause({ next: saved, manifest, redis, clickhouse, archive }: HaltFacts, { low, high }: LogBounds): string | null {
  const next = saved ?? 0;
  const isArchived = archive !== null && archive.from <= next && archive.to >= low;
  if (low > next && !isArchived) return `the log begins at ${low}, the saved state ends at ${next}: what lies between is missing in the archive too`;
  if (next > high) return `the saved state ends at ${next}, beyond the end of the log, ${high}`;
  const epoch = manifest?.epoch ?? 1;
  for (const [name, head] of Object.entries({ redis, clickhouse })) {
    const target = head === null ? null : splitVersion(head.target);
    if (target !== null && target.epoch === epoch && target.next > high)
      return `${name} still holds figures up to ${target.next}, beyond the end of the log, ${high}`;
  }
  return null;
}

/** The same saved state cannot be read the second time either. */
function stateCause(halted: string, { manifest }: HaltFacts): string | null {
  const unreadable = /^the stored state of position (\d+)/.exec(halted)?.[1];
  if (haltCodeOf(halted) !== 'state_unreadable' || manifest === null || String(manifest.next) !== unreadable) return null;
  return `the state of position ${manifest.next} that cannot be read is still stored: delete the partition's manifest key (schemas/redis/layout.md) first`;
}
