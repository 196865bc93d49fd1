/** The Redis adapter: cell sink and reader, and the checkpoint store. The only importer of ioredis. */
export { createRedisCellReader } from './cell-reader.ts';
export { createRedisCellSink } from './cell-sink.ts';
export { createRedisCheckpointStore, type RedisCheckpointOptions } from './checkpoint-store.ts';
export { connectRedis, type RedisConnection, type RedisOptions, RedisRefused } from './connection.ts';
export { packCells, unpackCells } from './packing.ts';
