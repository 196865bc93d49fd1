// What the archiver reads from its environment, and what it says of itself.

import type { ArchivePartition, ArchiveWriter } from '@tidemark/pipeline';
import { createMetrics } from '@tidemark/runtime';
import { describe, expect, it } from 'vitest';
import { readArchiverConfig } from '../src/config.ts';
import { archiveReadiness, createNoteLog, registerArchiveMetrics } from '../src/instruments.ts';
import { haltOnChange } from '../src/topic-watch.ts';

function writerWith(partitions: ArchivePartition[]): ArchiveWriter & { readonly haltedNow: string[] } {
  const haltedNow: string[] = [];
  return {
    haltedNow,
    handler: { assigned: async () => null, revoked: () => {}, batch: () => {} },
    run: async () => {},
    stop: async () => {},
    halt: (partition, reason) => haltedNow.push(`${partition}: ${reason}`),
    partitions: () => partitions,
    totals: () => ({ records: 7, bytes: 70, chunks: 2, failures: 1, heldBytes: 30 }),
  };
}

const running: ArchivePartition = { partition: 4, halted: null, next: 12, archived: 10, high: 15 };

describe('the configuration', () => {
  const given = { TIDEMARK_KAFKA_BROKERS: '127.0.0.1:9092', TIDEMARK_CLICKHOUSE_URL: 'http://127.0.0.1:8123' };

  it('needs Kafka and ClickHouse and has defaults for the rest', () => {
    const read = readArchiverConfig({ ...given, TIDEMARK_REDIS_URL: 'redis://x', HOME: '/' });
    expect(read).toMatchObject({
      ok: true,
      config: { TIDEMARK_NAMESPACE: 'tidemark', TIDEMARK_CLICKHOUSE_DATABASE: 'tidemark', TIDEMARK_PARTITIONS: 12, TIDEMARK_HTTP_HOST: '127.0.0.1' },
    });
  });

  it('reports every mistake at once', () => {
    const read = readArchiverConfig({ TIDEMARK_KAFKA_BROKERS: 'nowhere', TIDEMARK_PARTITONS: '3', TIDEMARK_PARTITIONS: '0' });
    expect(read.ok ? [] : read.problems.map((line) => line.split(/[ =]/)[0]).sort()).toEqual([
      'TIDEMARK_CLICKHOUSE_URL',
      'TIDEMARK_KAFKA_BROKERS',
      'TIDEMARK_PARTITIONS',
      'TIDEMARK_PARTITONS',
    ]);
  });
});

describe('what the archiver says of itself', () => {
  it('is ready until a partition halts, and names the reason', () => {
    expect(archiveReadiness(writerWith([running])).checks).toEqual([{ name: 'partitions', ok: true, detail: '1 partitions' }]);
    const { checks } = archiveReadiness(writerWith([running, { partition: 5, halted: 'retention won' }]));
    expect(checks).toEqual([{ name: 'partitions', ok: false, detail: 'partition 5: retention won' }]);
  });

  it('counts what it archived and how far the log is ahead', async () => {
    const metrics = createMetrics({ processMetrics: false });
    const partitions = [running, { partition: 5, halted: 'x' } as const];
    registerArchiveMetrics(metrics, writerWith(partitions));
    const text = await metrics.text();
    expect(text).toContain('tidemark_archive_records_total 7');
    expect(text).toContain('tidemark_archive_position{partition="4"} 10');
    expect(text).toContain('tidemark_archive_lag_records{partition="4"} 5');
    expect(text).toContain('tidemark_archive_halted_partitions 1');
    partitions.splice(0, 1);
    expect(await metrics.text()).not.toContain('partition="4"');
  });

  it('logs a halt as an error, and a retry once per reason', () => {
    const lines: string[] = [];
    const line = (level: string) => (_: object, message: string) => void lines.push(`${level} ${message}`);
    const log = createNoteLog({ error: line('error'), warn: line('warn'), info: line('info') });
    log({ note: 'halted', partition: 1, reason: 'gone' });
    for (const attempt of [1, 2, 3]) log({ note: 'retrying', purpose: 'archive records', reason: 'away', attempt });
    expect(lines).toEqual(['error partition 1 halted: gone', 'warn could not archive records, trying again']);
  });
});

describe('the watch over the topic', () => {
  const identity = { clusterId: 'c', topicId: 't', partitionCount: 2, cleanupPolicy: 'delete', timestampType: 'LogAppendTime' };

  it.each([
    [{ topicId: 'other' }, 're-created'],
    [{ clusterId: 'other' }, 'cluster other'],
    [{ partitionCount: 3 }, '3 partitions'],
  ])('halts every partition on %o', (change, part) => {
    const writer = writerWith([running]);
    haltOnChange(writer, identity, identity);
    expect(writer.haltedNow).toEqual([]);
    haltOnChange(writer, identity, { ...identity, ...change });
    expect(writer.haltedNow).toEqual([expect.stringContaining(part)]);
  });
});
