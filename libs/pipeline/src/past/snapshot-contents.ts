/** The table of contents of a copied state: the manifest as it was, and which parts hold which of its segments. */
import { createHash } from 'node:crypto';
import type { Manifest, SegmentRef } from '../ports/checkpoint.ts';
import type { SnapshotPart } from '../ports/snapshot.ts';

/** Raised when parts are laid out in another way. */
const LAYOUT = 1;

export interface SnapshotContents {
  readonly manifest: Manifest;
  /** By segment key; a segment is its parts one behind the other. */
  readonly parts: ReadonlyMap<string, readonly number[]>;
}

/** Hex. */
export function partHash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function contentsBytes({ manifest, parts }: SnapshotContents): Uint8Array {
  return Buffer.from(JSON.stringify({ layout: LAYOUT, manifest, parts: Object.fromEntries(parts) }));
}

/** Null when it is damaged, or written by a program that lays parts out in another way. */
export function readContents({ bytes, hash }: SnapshotPart): SnapshotContents | null {
  if (partHash(bytes) !== hash) return null;
  const read: unknown = parsed(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  if (!isObject(read) || read['layout'] !== LAYOUT) return null;
  const { manifest, parts } = read;
  if (!isManifest(manifest) || !isObject(parts)) return null;
  const bySegment = new Map<string, readonly number[]>();
  for (const { key } of manifest.segments) {
    const numbers = parts[key];
    if (!Array.isArray(numbers) || !numbers.every((number) => Number.isSafeInteger(number) && number > 0)) return null;
    bySegment.set(key, numbers);
  }
  return { manifest, parts: bySegment };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

const TEXTS = ['id', 'writer', 'lineage', 'dropped', 'partitioner', 'clusterId', 'topicId', 'fingerprint'] as const;
const NUMBERS = ['format', 'partition', 'epoch', 'next', 'pieces', 'partitionCount', 'fingerprintOffset'] as const;

function isManifest(value: unknown): value is Manifest {
  if (!isObject(value)) return false;
  const { segments } = value;
  const hasFields = TEXTS.every((name) => typeof value[name] === 'string') && NUMBERS.every((name) => Number.isSafeInteger(value[name]));
  return hasFields && Array.isArray(segments) && segments.every(isSegment);
}

function isSegment(value: unknown): value is SegmentRef {
  if (!isObject(value)) return false;
  const { key, kind } = value;
  return (
    typeof key === 'string' && (kind === 'base' || kind === 'delta') && ['piece', 'next', 'bytes'].every((name) => Number.isSafeInteger(value[name]))
  );
}
