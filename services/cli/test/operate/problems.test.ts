// What status calls wrong, what it only watches, and that the runbook has a line for each.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { HALT_REASONS, type Head, type HeadNote, type Manifest, versionOf } from '@tidemark/pipeline';
import { expect, test } from 'vitest';
import type { LineageFacts, PartitionFacts } from '../../src/operate/status/facts.ts';
import { problemsOf, STATUS_PROBLEMS } from '../../src/operate/status/problems.ts';

const NOW_MS = 1_800_000_000_000;

function headAt(next: number, note: Partial<HeadNote> = {}, target = next): Head {
  const base = { clockMs: NOW_MS, counters: { read: 1_000 }, overflow: false, partitionCount: 1, atEnd: true, fingerprint: '' };
  return {
    closed: versionOf(1, next),
    target: versionOf(1, target),
    note: { ...base, publishedAtMs: NOW_MS - 1_000, confirmedAtMs: NOW_MS - 1_000, ...note },
  };
}

function manifestAt(next: number, savedAtMs = NOW_MS - 5_000): Manifest {
  const log = { partitionCount: 1, partitioner: 'murmur2', clusterId: 'c', topicId: 't', fingerprint: '', fingerprintOffset: -1 };
  return {
    id: 'm',
    writer: 'w',
    savedAtMs,
    format: 1,
    lineage: 'l',
    partition: 0,
    epoch: 1,
    next,
    pieces: 1,
    segments: [],
    dropped: versionOf(0, 0),
    ...log,
  };
}

function facts(lineage: Partial<LineageFacts> = {}, partition: Partial<PartitionFacts> = {}): PartitionFacts {
  const whole: LineageFacts = {
    ...{ lineage: 'abc', set: 'shop', isRunning: true, manifest: manifestAt(990), incidents: [], checks: [] },
    ...{ redis: headAt(1_000), clickhouse: headAt(1_000) },
    ...lineage,
  };
  const log = { low: 0, high: 1_000, committed: 1_000 };
  return { partition: 0, log, archive: { epoch: 1, from: 0, to: 1_000, holes: [] }, lineages: [whole], ...partition };
}

function codesOf(of: PartitionFacts): string[] {
  return problemsOf(of, { nowMs: NOW_MS, hasKafka: true, hasClickHouse: true }).map(({ severity, code }) => `${severity} ${code}`);
}

test('a partition that is well has no problems, nor has a lineage that nobody works on', () => {
  expect(codesOf(facts())).toEqual([]);
  expect(codesOf(facts({ isRunning: false, redis: headAt(5, { halted: 'the log begins at 9, after position 5', confirmedAtMs: 0 }) }))).toEqual([]);
  expect(codesOf(facts({ redis: null, clickhouse: null, manifest: null }, { log: { low: 0, high: 0, committed: null }, archive: null }))).toEqual([]);
});

test('a halt is told by its own code, and not also as an absent owner', () => {
  const halted = headAt(5, { halted: 'the log begins at 9, after position 5: lost', confirmedAtMs: NOW_MS - 90_000 });
  const [problem] = problemsOf(facts({ redis: halted, clickhouse: halted }), { nowMs: NOW_MS, hasKafka: true, hasClickHouse: true });
  expect(problem).toEqual({
    severity: 'wrong',
    partition: 0,
    of: 'shop',
    code: 'log_lost',
    text: 'halted: the log begins at 9, after position 5: lost',
  });
});

test.each<[string, PartitionFacts]>([
  ['wrong no_partition', facts({}, { log: null })],
  ['wrong nothing_published', facts({ redis: { ...headAt(0), note: null }, clickhouse: { ...headAt(0), note: null } })],
  [
    'wrong no_owner',
    facts({ redis: headAt(1_000, { confirmedAtMs: NOW_MS - 90_000 }), clickhouse: headAt(1_000, { confirmedAtMs: NOW_MS - 90_000 }) }),
  ],
  ['wrong behind', facts({}, { log: { low: 0, high: 30_000, committed: null } })],
  ['wrong open_head', facts({ redis: headAt(1_000, { publishedAtMs: NOW_MS - 120_000 }, 1_010) })],
  ['wrong stores_differ', facts({ clickhouse: headAt(50_000), redis: headAt(1_000), manifest: manifestAt(50_000) }, { log: null })],
  ['wrong no_state', facts({ manifest: null })],
  ['wrong old_state', facts({ manifest: manifestAt(500, NOW_MS - 900_000) })],
  ['wrong no_archive', facts({}, { archive: null })],
  ['wrong archive_hole', facts({}, { archive: { epoch: 1, from: 0, to: 500, holes: [{ from: 500, to: 600 }] } })],
  ['watch archive_incomplete', facts({}, { archive: { epoch: 1, from: 7, to: 1_000, holes: [] } })],
  ['wrong archive_behind', facts({}, { archive: { epoch: 1, from: 0, to: 10, holes: [] }, log: { low: 0, high: 60_000, committed: 1 } })],
  ['wrong misrouted', facts({ redis: headAt(1_000, { counters: { read: 1_000, misrouted: 2 } }) })],
  ['watch late', facts({ redis: headAt(1_000, { counters: { read: 1_000, late: 11 } }) })],
  ['watch rejected', facts({ redis: headAt(1_000, { counters: { read: 1_000, rejected: 11 } }) })],
  ['watch capped', facts({ redis: headAt(1_000, { counters: { read: 1_000, capped: 1 } }) })],
  ['watch overflow', facts({ redis: headAt(1_000, { overflow: true }) })],
])('%s', (expected, of) => {
  expect(codesOf(of)).toContain(expected);
});

test('a check that differs is wrong, one that could not tell and a rewind of the last hour are watched', () => {
  const check = { lineage: 'l', partition: 0, checkedAtMs: NOW_MS, position: versionOf(1, 5), compared: 4, differences: 2, detail: 'd' } as const;
  const at = (atMs: number) => ({ kind: 'rewind', lineage: 'l', partition: 0, atMs, position: versionOf(1, 5), detail: 'redis' }) as const;
  const incident = (atMs: number) => ({ kind: 'rewind', partition: 0, count: 1, last: at(atMs) }) as const;
  expect(codesOf(facts({ checks: [{ ...check, kind: 'verify_redis', outcome: 'different' }] }))).toEqual(['wrong check_differs']);
  expect(codesOf(facts({ checks: [{ ...check, kind: 'selfcheck', outcome: 'undecided' }] }))).toEqual(['watch check_undecided']);
  expect(codesOf(facts({ incidents: [incident(NOW_MS - 60_000)] }))).toEqual(['watch rewound']);
  expect(codesOf(facts({ incidents: [incident(NOW_MS - 7_200_000)] }))).toEqual([]);
});

test('the runbook has a line for every code that status can print', () => {
  const runbook = readFileSync(resolve(import.meta.dirname, '../../../../deploy/runbook.md'), 'utf8');
  const missing = [...STATUS_PROBLEMS, ...HALT_REASONS.map(({ code }) => code)].filter((code) => !runbook.includes(`| \`${code}\``));
  expect(missing).toEqual([]);
});
