/** Keeps packed state in Redis: segments under a TTL until a manifest names them, manifests replaced by compare-and-set. */
import type { CheckpointStore, Manifest, ReplaceOutcome } from '@tidemark/pipeline';
import { loadScript, type RedisConnection } from './connection.ts';
import { partitionKeys } from './layout.ts';

const replaceScript = loadScript('replace_manifest');

export interface RedisCheckpointOptions {
  /** How long a segment that no manifest names stays. Well above the time between two checkpoints. */
  readonly segmentTtlSeconds: number;
}

export function createRedisCheckpointStore(connection: RedisConnection, options: RedisCheckpointOptions): CheckpointStore {
  const keysOf = (lineage: string, partition: number) => partitionKeys(connection.namespace, lineage, partition);
  return {
    async manifest(lineage, partition): Promise<Manifest | null> {
      const json = await connection.call('HGET', keysOf(lineage, partition).manifest, 'json');
      if (!Buffer.isBuffer(json)) return null;
      // Read as it was written, newer formats included: the pipeline halts on a format that it does not know.
      const manifest: Manifest = JSON.parse(json.toString());
      return manifest;
    },
    async segment(lineage, partition, key): Promise<Uint8Array | null> {
      const bytes = await connection.call('GET', segmentKey(keysOf(lineage, partition).segmentPrefix, key));
      return Buffer.isBuffer(bytes) ? bytes : null;
    },
    async saveSegment(lineage, partition, key, bytes): Promise<void> {
      const name = segmentKey(keysOf(lineage, partition).segmentPrefix, key);
      // NX: present already = an earlier copy of this very call.
      await connection.call('SET', name, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), 'EX', options.segmentTtlSeconds, 'NX');
    },
    async replaceManifest(previousId, manifest): Promise<ReplaceOutcome> {
      const keys = keysOf(manifest.lineage, manifest.partition);
      const names = manifest.segments.map((segment) => segment.key);
      const args = [previousId === null ? '0' : '1', previousId ?? '', manifest.id, JSON.stringify(manifest), keys.segmentPrefix, names.join('\n')];
      const outcome = String(
        await connection.run(replaceScript, [keys.manifest, ...names.map((name) => segmentKey(keys.segmentPrefix, name))], args),
      );
      if (outcome === 'replaced' || outcome === 'other' || outcome === 'missing_segment') return outcome;
      throw new TypeError(`Redis answered a manifest with ${outcome}`);
    },
  };
}

function segmentKey(prefix: string, key: string): string {
  if (key === '' || key.includes('\n')) throw new RangeError(`no name for a segment: ${JSON.stringify(key)}`);
  return prefix + key;
}
