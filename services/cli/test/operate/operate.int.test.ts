// The commands of who looks after a deployment, on real engines: what is wrong is named, rows come back, halts end, and a backup is as good as what was lost.
import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AcquiredEngines, acquireEngines, uniqueName } from '@tidemark/testing/engines';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Deployed, eventually, type Services } from './deployed.ts';

let engines: AcquiredEngines;
let folder: string;
let deployed: Deployed;
let services: Services;

beforeAll(async () => {
  engines = await acquireEngines(['kafka', 'redis', 'clickhouse']);
  folder = await mkdtemp(join(tmpdir(), 'tidemark-operate-'));
  deployed = new Deployed(engines, { namespace: uniqueName('operate'), partitions: 2, folder });
  await deployed.open();
  await deployed.order(0, 300, 40);
  services = deployed.start();
  await deployed.caughtUp(services);
});
afterAll(async () => {
  await services?.stop();
  await deployed?.close();
  await engines?.release();
  await rm(folder, { recursive: true, force: true });
});

test('of a deployment that is well, status says so and what it stands at', async () => {
  const { code, out } = await deployed.run('status');
  expect({ code, last: out.at(-1) }).toEqual({ code: 0, last: 'nothing is wrong' });
  expect(out.filter((line) => line.startsWith('partition '))).toHaveLength(2);
  const json = await deployed.run('status', '--partition', '1', '--json');
  const [{ partitions, problems }] = json.out.map((line) => JSON.parse(line));
  expect(problems).toEqual([]);
  expect(partitions).toHaveLength(1);
  const [{ log, archive, lineages }] = partitions;
  expect(log).toEqual({ low: 0, high: expect.any(Number), committed: log.high });
  expect(archive).toEqual({ epoch: 1, from: 0, to: log.high, holes: [] });
  expect(lineages).toMatchObject([
    { lineage: deployed.lineage, set: 'shop', isRunning: true, manifest: { next: log.high, epoch: 1, writer: 'test' } },
  ]);
  expect(Date.now() - lineages[0].manifest.savedAtMs).toBeLessThan(3_600_000);
});

test('rows that were deleted, changed or made up in Redis are as before after a republish, and a dry run changes nothing', async () => {
  const { lineage, namespace, redis } = deployed;
  const before = await deployed.figures();
  expect(before.redis.length).toBeGreaterThan(100);
  await redis.call('DEL', `tidemark:${namespace}:{0}:${lineage}:rows:orders:total`);
  await redis.call('HSET', `tidemark:${namespace}:{1}:${lineage}:rows:orders:total`, '20500', Buffer.from('0001000000000001\u0002'));
  const damaged = await deployed.figures();
  expect(damaged.redis).not.toEqual(before.redis);
  const dry = await deployed.run('republish', 'shop', '--store', 'redis', '--dry-run');
  expect(dry).toMatchObject({
    code: 0,
    out: [0, 1].map((partition) =>
      expect.stringMatching(
        new RegExp(
          `^partition ${partition} of \\w{16}, redis: would forget head and rows \\(position \\d+\\) at one instant; its worker writes all rows`,
        ),
      ),
    ),
  });
  expect(await deployed.figures()).toEqual(damaged);
  const { code, out } = await deployed.run('republish', lineage.slice(0, 8), '--store', 'redis');
  expect({ code, lines: out.length }).toEqual({ code: 0, lines: 2 });
  expect(await deployed.figures()).toEqual(before);
  expect(await deployed.run('republish', 'shopp', '--store', 'redis')).toMatchObject({
    code: 2,
    err: [expect.stringMatching(/^"shopp" is neither a lineage nor a set/)],
  });
});

test('rows that were changed in ClickHouse are as before after a republish of that partition', async () => {
  const { lineage, clickhouse } = deployed;
  const before = await deployed.figures();
  const columns = ['lineage', 'metric', 'tbl', 'bucket', 'partition', 'value', 'version', 'cells', 'note'] as const;
  const rows = await clickhouse.select(
    `SELECT bucket, toString(version) FROM rollup_cells FINAL WHERE metric = 'orders' AND tbl = 'total' AND partition = 0`,
  );
  await clickhouse.insert(
    'rollup_cells',
    columns,
    rows.map(([bucket, version]) => [lineage, 'orders', 'total', bucket, 0, '', version, [777], '']),
  );
  expect((await deployed.figures()).clickhouse).not.toEqual(before.clickhouse);
  const { code, out } = await deployed.run('republish', 'shop', '--store', 'clickhouse', '--partition', '0');
  expect({ code, out }).toEqual({
    code: 0,
    out: [expect.stringMatching(/, clickhouse: all rows up to position \d+ were written to clickhouse again$/)],
  });
  expect(await deployed.figures()).toEqual(before);
});

test('a halted partition is named with its line in the runbook, stays halted while the cause stands, and goes on without it', async () => {
  const { lineage, namespace, redis } = deployed;
  const key = `tidemark:${namespace}:{0}:${lineage}:manifest`;
  const before = await deployed.figures();
  await redis.call('RENAME', key, `${key}.aside`);
  await redis.call('SET', key, 'somebody wrote this');
  await deployed.order(1_000, 30, 1);
  await eventually('the partition halts', async () => services.events.some((event) => event.event === 'halted'));
  const refused = await deployed.run('resume', '--partition', '0');
  expect({ code: refused.code, err: refused.err }).toEqual({ code: 1, err: [expect.stringMatching(/^Redis at .*WRONGTYPE/)] });

  await redis.call('RENAME', `${key}.aside`, key);
  await eventually('the head tells the halt', async () => (await deployed.run('status')).out.some((line) => line.includes('halted')));
  const status = await deployed.run('status');
  expect(status.code).toBe(5);
  expect(status.out.filter((line) => line.includes('halted: '))).toEqual([
    expect.stringMatching(/^WRONG {2}partition 0, shop: halted: Redis at .*WRONGTYPE.* {2}runbook: store_refused$/),
  ]);
  const dry = await deployed.run('resume', '--partition', '0', '--dry-run');
  expect({ code: dry.code, out: dry.out }).toEqual({
    code: 0,
    out: [
      expect.stringMatching(/^partition 0 of shop: halted: .*; would ask its worker to drop what it holds, load the saved state at position \d+/),
    ],
  });
  const { code, out } = await deployed.run('resume', '--partition', '0', '--lineage', 'shop');
  expect({ code, out }).toEqual({ code: 0, out: [expect.stringMatching(/^partition 0 of shop: it goes on at position \d+ \(worker test\)$/)] });
  await deployed.caughtUp(services);
  expect((await deployed.figures()).redis.length).toBeGreaterThanOrEqual(before.redis.length);
  expect(await deployed.run('verify')).toMatchObject({ code: 0 });
  expect(await deployed.run('resume', '--partition', '1')).toEqual({ code: 0, out: ['partition 1 of shop: not halted'], err: [] });
});

test('a backup of the running deployment, put back after both stores were lost, goes on with the same figures', async () => {
  const backup = join(folder, 'backup');
  const dry = await deployed.run('backup', backup, '--dry-run');
  expect({ code: dry.code, first: dry.out[0] }).toEqual({ code: 0, first: expect.stringContaining('holds no backup; nothing is stopped') });
  expect(await readdir(folder)).not.toContain('backup');
  expect(await deployed.run('backup', backup)).toMatchObject({
    code: 0,
    out: [expect.stringMatching(/ is whole: 2 partitions of 1 lineages, 330 new records/)],
  });
  // What comes later is in the log, and the second backup adds what is new of the archive.
  await deployed.order(2_000, 40, 1);
  await deployed.caughtUp(services);
  expect(await deployed.run('backup', backup)).toMatchObject({ code: 0, out: [expect.stringMatching(/^backup 2 in .*, 40 new records/)] });
  await deployed.order(3_000, 50, 1);
  await deployed.caughtUp(services);
  const before = await deployed.figures();
  expect(await deployed.run('restore', backup)).toMatchObject({
    code: 1,
    err: [expect.stringMatching(/^the deployment is not empty \(420 archived/)],
  });
  await services.stop();
  await deployed.destroy();

  await appendFile(join(backup, 'backup.ndjson'), '{"kind":"begin","cut off by a cra');
  const told = await deployed.run('restore', backup, '--dry-run');
  expect({ code: told.code, out: told.out }).toEqual({
    code: 0,
    out: [
      'every file of backup 2 is what was written; would put back 370 records of the archive, figures of 2 and state of 2 partitions, in this order: archive, lists, figures, state',
    ],
  });
  expect(await deployed.run('restore', backup)).toMatchObject({ code: 0, out: [expect.stringMatching(/^backup 2 is put back: 370 records/)] });
  services = deployed.start();
  await deployed.caughtUp(services);
  expect(services.events.filter((event) => event.event === 'loaded')).toHaveLength(2);
  expect(await deployed.figures()).toEqual(before);
  expect(await deployed.run('verify')).toMatchObject({ code: 0 });
});

test('a file of the backup that is not what was written is named before anything is touched', async () => {
  const backup = join(folder, 'backup');
  const [piece = ''] = (await readdir(join(backup, 'archive/epoch-1/partition-0'))).sort();
  await writeFile(join(backup, 'archive/epoch-1/partition-0', piece), 'rubbish');
  expect(await deployed.run('restore', backup, '--dry-run')).toMatchObject({
    code: 5,
    err: [expect.stringMatching(/ndjson\.gz is not the file that was written: its hash differs/)],
  });
});

test('the archive makes the log of another namespace with other partitions, whose figures are the same; what came later follows', async () => {
  const late = Array.from({ length: 5 }, (_, index) => ({ id: 7_000 + index, daysAgo: 60 }));
  const repeats = Array.from({ length: 6 }, (_, index) => ({ id: 3_000 + index, daysAgo: 0.01 }));
  await deployed.send([...late, ...repeats]);
  await deployed.caughtUp(services);
  const other = new Deployed(engines, { namespace: uniqueName('grown'), partitions: 3, folder });
  const command = ['repartition', '--to', other.namespace, '--partitions', '3'];
  const told = await deployed.run(...command, '--dry-run');
  expect({ code: told.code, out: told.out }).toEqual({
    code: 0,
    out: [
      expect.stringMatching(/^420 events that count in operate_\w+ go to grown_\w+, by partition: \d+ \d+ \d+$/),
      expect.stringMatching(/^left out, for they count in no figure of operate_\w+: (5 late, 6 duplicate|6 duplicate, 5 late)$/),
    ],
  });
  expect((await deployed.run(...command)).code).toBe(0);
  await deployed.order(8_000, 20, 0.01);
  await deployed.caughtUp(services);
  expect(await deployed.run(...command, '--partitions', '4')).toMatchObject({ code: 2, err: [expect.stringMatching(/say --partitions 3$/)] });
  expect(await deployed.run(...command)).toMatchObject({ code: 0, out: [expect.stringMatching(/^20 events that count in/), expect.any(String)] });
  await other.open();
  const grown = other.start();
  try {
    await other.caughtUp(grown);
    expect(grown.worker.status().reduce((sum, { counters }) => sum + (counters['applied'] ?? 0), 0)).toBe(440);
    expect(await other.sums()).toEqual(await deployed.sums());
  } finally {
    await grown.stop();
    await other.close();
  }
});
