-- The rollups: one row of integers per (lineage, metric, table, bucket, partition, slice value), the larger version stays.

-- Heads lie in the same table, so that one insert of one block writes rows and head, and one query reads them:
--   metric '$head', tbl 'mark': the largest announced target is its version
--   metric '$head', tbl 'head': closed up to its version; note = what the head says of its prefix, JSON
-- A head is open while the mark is above it. No partitioning: a block must become one part. Read with FINAL.
CREATE TABLE IF NOT EXISTS rollup_cells
(
    lineage LowCardinality(String),
    metric LowCardinality(String),
    tbl LowCardinality(String),
    bucket Int32,
    partition UInt16,
    value String CODEC(ZSTD(1)),
    version UInt64,
    cells Array(Int64) CODEC(ZSTD(1)),
    note String CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (lineage, metric, tbl, bucket, partition, value);
