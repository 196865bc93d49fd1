// The Java client and librdkafka themselves, where they are installed or can be fetched, put every key on the partition that the recipes say.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const folder = join(import.meta.dirname, '..');
const cache = process.env['TIDEMARK_CACHE'] ?? join(folder, '../../.tidemark/cache');

interface Known {
  readonly partitionCounts: readonly number[];
  readonly keysInHex: readonly { readonly key: string; readonly murmur2: readonly number[]; readonly crc32: readonly number[] }[];
}

function kafkaJars(): string | null {
  try {
    const name = readdirSync(cache).find(
      (entry) => entry.startsWith('kafka-') && readdirSync(join(cache, entry)).some((jar) => jar.startsWith('kafka-clients-')),
    );
    return name === undefined ? null : join(cache, name, '*');
  } catch {
    return null;
  }
}

test('the Java client lands every actor where the table says', ({ skip }) => {
  const jars = kafkaJars();
  if (jars === null) return skip('no Kafka in the cache: the local engines have not run yet');
  if (!/version "(1[7-9]|[2-9]\d)/.test(spawnSync('java', ['-version'], { encoding: 'utf8' }).stderr ?? ''))
    return skip('no Java 17 on this machine');
  const { partitionCounts, keysInHex }: Known = JSON.parse(readFileSync(join(folder, 'partitions.json'), 'utf8'));
  const asked = keysInHex.map(({ key }) => key).join('\n');
  const words = ['-cp', jars, join(folder, 'Partitions.java'), ...partitionCounts.map(String)];
  const { status, stdout, stderr } = spawnSync('java', words, { input: `${asked}\n`, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  expect(stdout.trim().split('\n')).toEqual(keysInHex.map(({ murmur2 }) => murmur2.join(' ')));
});

/** Python's package carries the library; its version is the one that made the table. */
const PACKAGE = 'confluent-kafka==2.16.1';

/** The folder of the package in the cache, fetched once; else why there is none. */
function librdkafka(): { readonly folder: string } | { readonly why: string } {
  const there = join(cache, PACKAGE.replace('==', '-'));
  if (existsSync(there)) return { folder: there };
  if (spawnSync('python3', ['-m', 'pip', '--version']).status !== 0) return { why: 'no Python with pip on this machine' };
  if (!existsSync(cache)) return { why: 'no cache yet: the local engines have not run' };
  const coming = mkdtempSync(`${there}-`);
  const words = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:', '--target', coming, PACKAGE];
  const { status, stderr } = spawnSync('python3', words, { encoding: 'utf8', timeout: 60_000 });
  if (status === 0) {
    renameSync(coming, there);
    return { folder: there };
  }
  rmSync(coming, { recursive: true });
  return { why: `${PACKAGE} cannot be fetched: ${stderr?.trim().split('\n').at(-1) ?? 'nobody answered in time'}` };
}

test('librdkafka lands every actor where the table says, by its own partitioner and by the one of the recipe', ({ skip }) => {
  const found = librdkafka();
  if ('why' in found) return skip(found.why);
  const { partitionCounts, keysInHex }: Known = JSON.parse(readFileSync(join(folder, 'partitions.json'), 'utf8'));
  const input = `${keysInHex.map(({ key }) => key).join('\n')}\n`;
  const env = { ...process.env, PYTHONPATH: found.folder };
  for (const [partitioner, column] of [
    ['consistent', 'crc32'],
    ['murmur2', 'murmur2'],
  ] as const) {
    const words = [join(folder, 'partitions.py'), partitioner, ...partitionCounts.map(String)];
    const { status, stdout, stderr } = spawnSync('python3', words, { input, env, encoding: 'utf8' });
    // A library that is not for this machine is no disagreement.
    if (status !== 0 && /ImportError|OSError|IndexError/.test(stderr))
      return skip(`${PACKAGE} does not load here: ${stderr.trim().split('\n').at(-1)}`);
    expect(status, stderr).toBe(0);
    expect(stdout.trim().split('\n')).toEqual(keysInHex.map((known) => known[column].join(' ')));
  }
});
