/** The public entry of codec. */
export type { ActorKind, EventDescription, EventType } from './accept.ts';
export { REJECT_REASONS } from './accept.ts';
export { createDecoder, createDescriber } from './decode.ts';
export type { ByteRange, Describer } from './describe.ts';
export { actorHash, messageHash } from './hash.ts';
export { crc32, murmur2, type Partitioner, partitionAt, partitionOf } from './hash-partition.ts';
export { createPlainDecoder, type Decoder, describeEvent, type RecordBytes, type RecordRanges } from './plain.ts';
export { type DeltaSince, type DroppedRowKey, estimateStateBytes, packBasePiece, packDelta } from './state/pack.ts';
export { formatOf, SEGMENT_FORMAT } from './state/segment.ts';
export { BrokenSegment, NewerFormat } from './state/segment-error.ts';
export { unpackSegments } from './state/unpack.ts';
