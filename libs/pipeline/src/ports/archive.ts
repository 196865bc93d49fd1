/** The port to the archive of every record, and to the unbroken chain of acknowledged chunks. */

/** One record as archived. `actorId`… are set when it parses, `reason` otherwise. */
export interface ArchivedRecord {
  readonly epoch: number;
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly control: boolean;
  readonly parsed: ParsedRecord | null;
  /** The reject reason; '' when parsed or control. */
  readonly reason: string;
}

export interface ParsedRecord {
  readonly type: string;
  readonly event: string;
  readonly actorKind: 'user' | 'anonymous';
  readonly actorId: string;
  readonly messageId: string;
  readonly timeMs: number;
}

/** A link of a partition's chain: all records with `from ≤ offset < to` are archived. `hash` is over their offsets, keys and values. */
export interface ArchiveChunk {
  readonly epoch: number;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly hash: string;
}

/** Every method throws StoreUnavailable on an unknown outcome; sending the same records or chunk again is harmless. */
export interface Archive {
  insert(records: readonly ArchivedRecord[]): Promise<void>;
  /** Only after `insert` of all its records was acknowledged. */
  extendChain(chunk: ArchiveChunk): Promise<void>;
  /** The end of the unbroken chain that begins at the lowest archived offset: where the archiver resumes; null when nothing is archived. */
  chainEnd(epoch: number, partition: number): Promise<{ from: number; to: number } | null>;
}
