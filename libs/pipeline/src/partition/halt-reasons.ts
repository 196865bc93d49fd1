/** Every reason for which a partition stops, by a code that never changes: readiness, log and API tell the sentence, the audit the code, the runbook both. */

interface HaltReason {
  readonly code: string;
  /** Who halts. */
  readonly who: 'worker' | 'archiver' | 'both';
  /** What the sentence begins with or says. */
  readonly pattern: RegExp;
  /** The sentence as the runbook shows it. */
  readonly shown: string;
}

/** The first that fits a sentence is its reason; the last fits all that nobody foresaw. */
export const HALT_REASONS = [
  { code: 'log_lost', who: 'worker', pattern: /^the log begins at \d+, after position/, shown: 'the log begins at …, after position …' },
  {
    code: 'log_lost_unarchived',
    who: 'archiver',
    pattern: /^the log begins at offset/,
    shown: 'the log begins at offset …, but the archive ends at …',
  },
  { code: 'log_jumped', who: 'worker', pattern: /^the log jumped from position/, shown: 'the log jumped from position …' },
  {
    code: 'archive_broken',
    who: 'worker',
    pattern: /^the archive from offset \d+ to \d+ is not what its chain names/,
    shown: 'the archive from offset … to … is not what its chain names',
  },
  {
    code: 'past_lost',
    who: 'worker',
    pattern: /^the past of this lineage is the archive in time order/,
    shown: 'the past of this lineage is the archive in time order up to position …',
  },
  { code: 'log_shorter', who: 'worker', pattern: /^position \d+ lies beyond the end of the log/, shown: 'position … lies beyond the end of the log' },
  { code: 'store_ahead', who: 'worker', pattern: /^(redis|clickhouse) holds figures up to/, shown: 'redis holds figures up to …' },
  { code: 'archive_ahead', who: 'archiver', pattern: /^the log ends at offset/, shown: 'the log ends at offset …, but the archive at …' },
  { code: 'log_rewritten', who: 'both', pattern: /^the record at offset \d+ is not the one/, shown: 'the record at offset … is not the one' },
  { code: 'log_replaced', who: 'worker', pattern: /^the log's \w+ is now/, shown: 'the log’s topicId is now …' },
  {
    code: 'topic_replaced',
    who: 'archiver',
    pattern: /^(the topic was re-created|the brokers belong to cluster|the topic has \d+ partitions, before)/,
    shown: 'the topic was re-created',
  },
  { code: 'no_partition', who: 'both', pattern: /^the log has no such partition/, shown: 'the log has no such partition' },
  {
    code: 'constant_differs',
    who: 'worker',
    pattern: /^the (partition count|partitioner|cluster|topic|identity) of the log is/,
    shown: 'the partition count of the log is …',
  },
  { code: 'newer_format', who: 'worker', pattern: /^the state is written in format/, shown: 'the state is written in format …' },
  { code: 'state_unreadable', who: 'worker', pattern: /^the stored state of position/, shown: 'the stored state of position … cannot be read' },
  { code: 'fold_failed', who: 'worker', pattern: /^the fold failed at offset/, shown: 'the fold failed at offset …' },
  { code: 'conservation_broken', who: 'worker', pattern: /^conservation is broken/, shown: 'conservation is broken' },
  {
    code: 'invariant_broken',
    who: 'worker',
    pattern: /than the cohort|in the cohort|expected a count|more entries at step|more actors activated|more actors met/,
    shown: '… holds more actors than the cohort',
  },
  { code: 'store_refused', who: 'worker', pattern: /^(Redis|ClickHouse) at /, shown: 'Redis at …' },
  { code: 'unexpected', who: 'worker', pattern: /^/, shown: 'anything else' },
] as const satisfies readonly HaltReason[];

export type HaltCode = (typeof HALT_REASONS)[number]['code'];

export function haltCodeOf(sentence: string): HaltCode {
  return (HALT_REASONS.find(({ pattern }) => pattern.test(sentence)) ?? { code: 'unexpected' }).code;
}
