-- The archive: every record of the log as it was, each at its identity (epoch, partition, offset), and the chain of acknowledged chunks.

-- Partitioned by the record's LogAppendTime, which is stable: a record inserted twice lands in the same partition and is merged there.
-- `record_ms` and `time_ms` are exact (events may say years 1 to 9999); `record_at` and `time` are the same within what DateTime64 holds, 1900 to 2299.
CREATE TABLE IF NOT EXISTS events
(
    epoch UInt16,
    partition UInt16,
    offset UInt64 CODEC(Delta, ZSTD(1)),
    record_ms Int64 CODEC(Delta, ZSTD(1)),
    record_at DateTime64(3, 'UTC') MATERIALIZED fromUnixTimestamp64Milli(least(greatest(record_ms, toInt64(-2208988800000)), toInt64(10413791999999)), 'UTC') CODEC(Delta, ZSTD(1)),
    key Nullable(String) CODEC(ZSTD(1)),
    value Nullable(String) CODEC(ZSTD(1)),
    control Bool,
    reason LowCardinality(String),
    type LowCardinality(String),
    event LowCardinality(String),
    actor_kind LowCardinality(String),
    actor_id String CODEC(ZSTD(1)),
    message_id String CODEC(ZSTD(1)),
    time_ms Int64 CODEC(Delta, ZSTD(1)),
    time DateTime64(3, 'UTC') ALIAS fromUnixTimestamp64Milli(least(greatest(time_ms, toInt64(-2208988800000)), toInt64(10413791999999)), 'UTC'),
    INDEX by_reason reason TYPE set(16) GRANULARITY 4
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(record_at)
ORDER BY (epoch, partition, offset);

-- The same records in the order "one actor, by time": what `explain` reads. A rejected record is found under its Kafka key.
CREATE TABLE IF NOT EXISTS events_by_actor
(
    actor String CODEC(ZSTD(1)),
    time_ms Int64 CODEC(ZSTD(1)),
    epoch UInt16,
    partition UInt16,
    offset UInt64,
    record_ms Int64,
    record_at DateTime64(3, 'UTC'),
    key Nullable(String) CODEC(ZSTD(1)),
    value Nullable(String) CODEC(ZSTD(1)),
    reason LowCardinality(String),
    type LowCardinality(String),
    event LowCardinality(String),
    actor_kind LowCardinality(String),
    message_id String CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(record_at)
ORDER BY (actor, time_ms, epoch, partition, offset);

CREATE MATERIALIZED VIEW IF NOT EXISTS events_by_actor_feed TO events_by_actor AS
SELECT
    if(reason = '', actor_id, ifNull(key, '')) AS actor,
    if(reason = '', time_ms, record_ms) AS time_ms,
    epoch, partition, offset, record_ms, record_at, key, value, reason, type, event, actor_kind, message_id
FROM events
WHERE NOT control;

-- What was rejected and why, each record once. Keys and values may be any bytes, therefore only a readable beginning.
CREATE VIEW IF NOT EXISTS rejected_events AS
SELECT epoch, partition, offset, record_at, reason, toValidUTF8(left(ifNull(key, ''), 200)) AS key, toValidUTF8(left(ifNull(value, ''), 200)) AS value_prefix
FROM events
WHERE reason != ''
ORDER BY epoch, partition, offset
LIMIT 1 BY epoch, partition, offset;

-- All records with from_offset <= offset < to_offset are archived. Both ends are part of the key: a shorter chunk never replaces a longer one.
CREATE TABLE IF NOT EXISTS archive_chunks
(
    epoch UInt16,
    partition UInt16,
    from_offset UInt64,
    to_offset UInt64,
    count UInt64,
    hash String,
    archived_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (epoch, partition, from_offset, to_offset);
