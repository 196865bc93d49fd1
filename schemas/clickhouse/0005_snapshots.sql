-- Packed state in a second store: copies of what a checkpoint's manifest in Redis names, so that the loss of Redis does not cost a fold from the beginning.

-- Two slots per (lineage, partition), written in turn: the newest two copies are kept, and a copy that breaks off leaves the one before whole. Part 0 is the
-- table of contents (JSON: the manifest, and which parts hold which segment), written last; the others are segments, cut at 4 MiB. Read with FINAL.
CREATE TABLE IF NOT EXISTS snapshots
(
    lineage LowCardinality(String),
    partition UInt16,
    slot UInt8,
    part UInt32,
    id String,
    saved_ms Int64,
    bytes String CODEC(ZSTD(1)),
    hash String
)
ENGINE = ReplacingMergeTree(saved_ms)
ORDER BY (lineage, partition, slot, part);
