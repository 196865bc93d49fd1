-- The ledger of proofs: what `tidemark verify` and the worker's own check compared with the archive, up to where, and what they found. Every result stays.

-- kind: verify_redis and verify_clickhouse compare all integers that a store serves of a partition; selfcheck compares single actors with the live state.
-- position: the version (epoch << 48 | next) up to which the log was folded again. compared: integers, of a selfcheck actors.
-- outcome: same, different, or undecided, and detail then says why. detail is hostile text: it may quote slice values.
CREATE TABLE IF NOT EXISTS checks
(
    lineage LowCardinality(String),
    partition UInt16,
    kind LowCardinality(String),
    checked_ms Int64,
    position UInt64,
    outcome LowCardinality(String),
    compared UInt64,
    differences UInt64,
    detail String
)
ENGINE = ReplacingMergeTree
ORDER BY (lineage, partition, kind, checked_ms);

-- What went wrong and when: kind halt (a partition stopped, detail is the reason) and rewind (a store had forgotten what it acknowledged, detail says which).
CREATE TABLE IF NOT EXISTS incidents
(
    lineage LowCardinality(String),
    partition UInt16,
    kind LowCardinality(String),
    at_ms Int64,
    position UInt64,
    detail String
)
ENGINE = ReplacingMergeTree
ORDER BY (lineage, partition, kind, at_ms, detail);
