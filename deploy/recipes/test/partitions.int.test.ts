// The Java client itself, where it is installed, puts every key on the partition that the recipes say.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const folder = join(import.meta.dirname, '..');
const cache = process.env['TIDEMARK_CACHE'] ?? join(folder, '../../.tidemark/cache');

interface Known {
  readonly partitionCounts: readonly number[];
  readonly keysInHex: readonly { readonly key: string; readonly murmur2: readonly number[] }[];
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
