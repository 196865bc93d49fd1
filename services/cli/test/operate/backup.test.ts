// What a backup's folder holds after crashes and repeats, and that of the archive only what is proven gets into it.
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ArchivedRecord, chunkHash } from '@tidemark/pipeline';
import { MemoryArchive } from '@tidemark/testing';
import { archivedRecord } from '@tidemark/testing/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addToCatalogue, readCatalogue, repairCatalogue } from '../../src/operate/backup/catalogue.ts';
import { copyArchive } from '../../src/operate/backup/copy-archive.ts';
import { readBytes, readLines, writeBytes, writeLines } from '../../src/operate/backup/piece-file.ts';

let root: string;
let folders = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tidemark-backup-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));
const newFolder = (): string => join(root, `backup-${++folders}`);

const begin = (take: number) => ({ kind: 'begin', format: 1, take, id: `id-${take}`, atMs: 5, namespace: 'shop' }) as const;

async function archiveOf(offsets: readonly number[], linkRecords = 2): Promise<{ memory: MemoryArchive; records: ArchivedRecord[] }> {
  const memory = new MemoryArchive();
  const records = offsets.map((offset) => archivedRecord(0, offset, { value: Buffer.from([0, 255, offset]) }));
  await memory.archive.insert(records);
  for (let at = 0; at < records.length; at += linkRecords) {
    const linked = records.slice(at, at + linkRecords);
    const from = at === 0 ? (records[0]?.offset ?? 0) : (records[at - 1]?.offset ?? 0) + 1;
    const link = { epoch: 1, partition: 0, from, to: (linked.at(-1)?.offset ?? 0) + 1, count: linked.length };
    await memory.archive.extendChain({ ...link, hash: chunkHash(linked) });
  }
  return { memory, records };
}

test('a folder without a backup has none, and what a crash left of a line is cut off before the next', async () => {
  const folder = newFolder();
  expect(await readCatalogue(folder)).toEqual({ takes: [], archive: [] });
  await repairCatalogue(folder);
  await addToCatalogue(folder, begin(1));
  await appendFile(join(folder, 'backup.ndjson'), '{"kind":"end","ta');
  expect((await readCatalogue(folder)).takes).toMatchObject([{ number: 1, isWhole: false }]);
  await repairCatalogue(folder);
  await addToCatalogue(folder, { kind: 'end', take: 1, atMs: 6 });
  await addToCatalogue(folder, begin(2));
  expect((await readCatalogue(folder)).takes).toMatchObject([
    { number: 1, isWhole: true, id: 'id-1' },
    { number: 2, isWhole: false },
  ]);
});

test('a catalogue that somebody edited is told with its line', async () => {
  const folder = newFolder();
  await repairCatalogue(folder);
  await addToCatalogue(folder, begin(1));
  await appendFile(join(folder, 'backup.ndjson'), '{"kind":"archive","from":-1}\n');
  await expect(readCatalogue(folder)).rejects.toThrow(/backup\.ndjson line 2 is not what a backup writes/);
});

test('a file is read back as it was written, or not at all', async () => {
  const folder = newFolder();
  const lines = [[1, 'a\n\u2028漢'], { b: null }];
  const written = await writeLines(folder, 'deep/er/one.ndjson.gz', lines);
  expect(await readLines(folder, written)).toEqual(lines);
  const bytes = await writeBytes(folder, 'two.segment', Buffer.from([0, 1, 255]));
  expect([...(await readBytes(folder, bytes))]).toEqual([0, 1, 255]);
  await writeFile(join(folder, 'two.segment'), Buffer.from([0, 1, 254]));
  await expect(readBytes(folder, bytes)).rejects.toThrow(/two\.segment is not the file that was written: its hash differs/);
  await rm(join(folder, 'two.segment'));
  await expect(readBytes(folder, bytes)).rejects.toThrow(/two\.segment of the backup cannot be read/);
  expect(await readdir(join(folder, 'deep/er'))).toEqual(['one.ndjson.gz']);
});

test('the archive is copied once, sparse offsets and all, and the next time from where the copy ends', async () => {
  const folder = newFolder();
  await repairCatalogue(folder);
  const { memory, records } = await archiveOf([0, 1, 4, 5, 9]);
  const copy = (from: number | null) =>
    copyArchive({ folder, archive: memory.partitionArchive, epoch: 1, partition: 0, from, copied: (count) => counted.push(count) });
  const counted: number[] = [];
  expect(await copy(null)).toBe(10);
  expect(await copy(10)).toBe(10);
  const more = [10, 11].map((offset) => archivedRecord(0, offset, { key: null, value: null, control: true, parsed: null }));
  await memory.archive.insert(more);
  await memory.archive.extendChain({ epoch: 1, partition: 0, from: 10, to: 12, count: 2, hash: chunkHash(more) });
  expect(await copy(10)).toBe(12);
  expect(counted).toEqual([5, 2]);
  const { archive } = await readCatalogue(folder);
  expect(archive.map(({ from, to, count }) => [from, to, count])).toEqual([
    [0, 10, 5],
    [10, 12, 2],
  ]);
  const [first, second] = archive.map(({ files }) => files[0]);
  if (first === undefined || second === undefined) throw new Error('a piece has no file');
  expect(await readLines(folder, first)).toEqual(
    records.map(({ offset, timestampMs, key, value }) => [offset, timestampMs, key?.toString('base64'), value?.toString('base64'), 0]),
  );
  expect(await readLines(folder, second)).toEqual(more.map(({ offset, timestampMs }) => [offset, timestampMs, null, null, 1]));
});

test('an archive that begins late is copied from there; one that lost a record is not copied', async () => {
  const folder = newFolder();
  await repairCatalogue(folder);
  const late = await archiveOf([7, 8, 9]);
  expect(await copyArchive({ folder, archive: late.memory.partitionArchive, epoch: 1, partition: 0, from: null, copied: () => undefined })).toBe(10);
  expect((await readCatalogue(folder)).archive).toMatchObject([{ from: 7, to: 10, count: 3 }]);
  const broken = await archiveOf([0, 1, 2, 3]);
  broken.memory.lose(1, 0, 2);
  const other = newFolder();
  await repairCatalogue(other);
  await expect(
    copyArchive({ folder: other, archive: broken.memory.partitionArchive, epoch: 1, partition: 0, from: null, copied: () => undefined }),
  ).rejects.toThrow(/^the archive from offset 2 to 4 is not what its chain names/);
  expect(await readFile(join(other, 'backup.ndjson'), 'utf8')).toBe('');
});
