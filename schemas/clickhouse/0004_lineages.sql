-- The journal of lineages: what operators decided, one row per decision, never changed (deploy/decisions/0024-lineage-journal.md).

-- kind: adopt, start, switch, describe or retire. Readers take the rows in the order (sequence, id), each id once.
-- files: JSON, [{"name", "text"}] of the definition files; of adopt, start and describe. origin: of adopt and start, 'log' or the name of a past.
-- positions: by partition, versions as 16 hex digits; of a switch up to where both lineages were compared, of a start from the archive where that past ends.
CREATE TABLE IF NOT EXISTS lineage_journal
(
    sequence UInt64,
    id String,
    at_ms Int64,
    decided_by String,
    kind LowCardinality(String),
    set_name String,
    lineage String,
    revision String,
    files String CODEC(ZSTD(1)),
    origin String,
    positions Array(String)
)
ENGINE = ReplacingMergeTree
ORDER BY (sequence, id);
