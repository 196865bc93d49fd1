/** What of a partition's facts is a problem, each with a code that the runbook explains. Pure. */
import { type Head, haltCodeOf, type Manifest, splitVersion } from '@tidemark/pipeline';
import { formatCount, formatDuration } from '@tidemark/runtime';
import { type LineageFacts, type PartitionFacts, positionOf } from './facts.ts';

/** `wrong`: somebody must act. `watch`: true, and worth knowing. */
export type Severity = 'wrong' | 'watch';

/** Every code but a halt's own, which the runbook lists in its first table. */
export const STATUS_PROBLEMS = [
  'no_partition',
  'nothing_published',
  'no_owner',
  'behind',
  'open_head',
  'stores_differ',
  'no_state',
  'old_state',
  'no_archive',
  'archive_hole',
  'archive_incomplete',
  'archive_behind',
  'check_differs',
  'check_undecided',
  'rewound',
  'misrouted',
  'late',
  'rejected',
  'capped',
  'overflow',
] as const;

export interface StatusProblem {
  readonly severity: Severity;
  readonly partition: number;
  /** The set's name or the lineage; null for what concerns the whole partition. */
  readonly of: string | null;
  /** Of STATUS_PROBLEMS, or of a halt. */
  readonly code: string;
  readonly text: string;
}

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
/** A live owner confirms to Redis every second, to ClickHouse every ten. */
const SILENT_MS = { redis: 30 * SECOND_MS, clickhouse: 60 * SECOND_MS };
const OPEN_MS = 60 * SECOND_MS;
const OLD_STATE_MS = 300 * SECOND_MS;
const BEHIND_RECORDS = 20_000;
const ARCHIVE_BEHIND_RECORDS = 50_000;
const SHARES = { misrouted: 0.001, late: 0.01, rejected: 0.01 } as const;

type Found = Omit<StatusProblem, 'partition' | 'of'>;

/** `archived`: whether a hole or an absence in the archive can be told, which needs ClickHouse. */
export function problemsOf(facts: PartitionFacts, asked: { readonly nowMs: number; readonly hasKafka: boolean; readonly hasClickHouse: boolean }) {
  const { partition, log } = facts;
  const problems: StatusProblem[] = [];
  const tell = (of: string | null, found: readonly Found[]): void => {
    problems.push(...found.map((each) => ({ partition, of, ...each })));
  };
  if (log === null && asked.hasKafka) tell(null, [{ severity: 'wrong', code: 'no_partition', text: 'the topic has no such partition' }]);
  if (asked.hasClickHouse) tell(null, archiveProblems(facts));
  for (const lineage of facts.lineages) {
    if (lineage.isRunning) tell(lineage.set ?? lineage.lineage, lineageProblems(lineage, facts, asked.nowMs));
  }
  return problems;
}

function archiveProblems({ archive, log }: PartitionFacts): readonly Found[] {
  const found: Found[] = [];
  const records = log === null ? 0 : log.high - log.low;
  if (archive === null) {
    if (records > 0) found.push({ severity: 'wrong', code: 'no_archive', text: `nothing is archived of ${formatCount(records)} records` });
    return found;
  }
  for (const { from, to } of archive.holes)
    found.push({ severity: 'wrong', code: 'archive_hole', text: `the archive has no records from offset ${from} to ${to}` });
  if (archive.from > 0)
    found.push({
      severity: 'watch',
      code: 'archive_incomplete',
      text: `the archive begins at offset ${archive.from}: nothing can be proven from it`,
    });
  const behind = (log?.high ?? 0) - archive.to;
  if (behind > ARCHIVE_BEHIND_RECORDS)
    found.push({ severity: 'wrong', code: 'archive_behind', text: `the archive is ${formatCount(behind)} records behind the log` });
  return found;
}

function lineageProblems(lineage: LineageFacts, { log }: PartitionFacts, nowMs: number): readonly Found[] {
  const { redis, clickhouse, manifest } = lineage;
  const heads = [redis, clickhouse].filter((head): head is Head => head?.note != null);
  const position = Math.max(-1, ...heads.map((head) => splitVersion(head.closed).next));
  if (heads.length === 0) {
    if (log === null || log.high === log.low || (redis === null && clickhouse === null)) return [];
    return [{ severity: 'wrong', code: 'nothing_published', text: `nothing was ever published of ${formatCount(log.high - log.low)} records` }];
  }
  const found: Found[] = [];
  const halted = heads.find(({ note }) => note?.halted !== undefined)?.note?.halted;
  if (halted !== undefined) found.push({ severity: 'wrong', code: haltCodeOf(halted), text: `halted: ${halted}` });
  else found.push(...ownerProblems(lineage, nowMs));
  const behind = (log?.high ?? 0) - position;
  if (behind > BEHIND_RECORDS) found.push({ severity: 'wrong', code: 'behind', text: `${formatCount(behind)} records wait to be folded` });
  found.push(...storeProblems(lineage, nowMs));
  if (redis !== null) found.push(...stateProblems(manifest, position, nowMs));
  return [...found, ...ledgerProblems(lineage, nowMs), ...counterProblems(lineage)];
}

function ownerProblems({ redis, clickhouse }: LineageFacts, nowMs: number): readonly Found[] {
  const silentMs = (head: Head | null): number => (head?.note == null ? Number.POSITIVE_INFINITY : nowMs - head.note.confirmedAtMs);
  const isSilent = silentMs(redis) > SILENT_MS.redis && silentMs(clickhouse) > SILENT_MS.clickhouse;
  if (!isSilent) return [];
  const since = formatDuration(Math.min(silentMs(redis), silentMs(clickhouse)));
  return [{ severity: 'wrong', code: 'no_owner', text: `no worker has confirmed it for ${since}` }];
}

function storeProblems({ redis, clickhouse }: LineageFacts, nowMs: number): readonly Found[] {
  const found: Found[] = [];
  for (const [name, head] of Object.entries({ redis, clickhouse })) {
    if (head === null || head.closed >= head.target) continue;
    const sinceMs = nowMs - (head.note?.publishedAtMs ?? 0);
    if (sinceMs > OPEN_MS)
      found.push({
        severity: 'wrong',
        code: 'open_head',
        text: `a publish to ${name} up to ${splitVersion(head.target).next} has not ended for ${formatDuration(sinceMs)}`,
      });
  }
  const [one, other] = [positionOf(redis), positionOf(clickhouse)];
  if (redis === null || clickhouse === null || Math.abs((one ?? 0) - (other ?? 0)) <= BEHIND_RECORDS) return found;
  found.push({ severity: 'wrong', code: 'stores_differ', text: `redis stands at ${one ?? 'nothing'}, clickhouse at ${other ?? 'nothing'}` });
  return found;
}

function stateProblems(manifest: Manifest | null, position: number, nowMs: number): readonly Found[] {
  if (manifest === null) return [{ severity: 'wrong', code: 'no_state', text: 'no state is saved: a restart folds the whole log again' }];
  const { savedAtMs, next } = manifest;
  if (savedAtMs === undefined || position <= next || nowMs - savedAtMs <= OLD_STATE_MS) return [];
  const text = `the state was saved ${formatDuration(nowMs - savedAtMs)} ago, ${formatCount(position - next)} records before what is published`;
  return [{ severity: 'wrong', code: 'old_state', text }];
}

function ledgerProblems({ checks, incidents }: LineageFacts, nowMs: number): readonly Found[] {
  const found: Found[] = [];
  for (const { kind, outcome, differences, detail } of checks) {
    if (outcome === 'different')
      found.push({ severity: 'wrong', code: 'check_differs', text: `${kind} found ${formatCount(differences)} differences: ${detail}` });
    if (outcome === 'undecided') found.push({ severity: 'watch', code: 'check_undecided', text: `${kind} could not tell: ${detail}` });
  }
  for (const { kind, count, last } of incidents) {
    if (kind !== 'rewind' || nowMs - last.atMs > HOUR_MS) continue;
    const text = `${last.detail} forgot what it had acknowledged ${formatDuration(nowMs - last.atMs)} ago (${formatCount(count)} times so far)`;
    found.push({ severity: 'watch', code: 'rewound', text });
  }
  return found;
}

function counterProblems({ redis, clickhouse }: LineageFacts): readonly Found[] {
  const note = redis?.note ?? clickhouse?.note;
  if (note == null) return [];
  const found: Found[] = [];
  const read = note.counters['read'] ?? 0;
  for (const name of ['misrouted', 'late', 'rejected'] as const) {
    const count = note.counters[name] ?? 0;
    if (count > read * SHARES[name])
      found.push({
        severity: name === 'misrouted' ? 'wrong' : 'watch',
        code: name,
        text: `${formatCount(count)} of ${formatCount(read)} records are ${name}`,
      });
  }
  const capped = note.counters['capped'] ?? 0;
  if (capped > 0) found.push({ severity: 'watch', code: 'capped', text: `${formatCount(capped)} actors have more events than are remembered` });
  if (note.overflow) found.push({ severity: 'watch', code: 'overflow', text: 'a slice has more values than are kept: the rest is $other' });
  return found;
}
