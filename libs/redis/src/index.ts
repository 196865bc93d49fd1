/** The Redis adapter: cell sink and reader, and the checkpoint store. The only importer of ioredis. */
export { createRedisCellInventory } from './cell-inventory.ts';
export { createRedisCellReader } from './cell-reader.ts';
export { createRedisCellSink } from './cell-sink.ts';
export { createRedisCheckpointStore, type RedisCheckpointOptions } from './checkpoint-store.ts';
export { connectRedis, type RedisConnection, type RedisOptions, RedisRefused } from './connection.ts';
export { forgetFigures } from './forgetting.ts';
export { createRedisLineageJournal } from './lineage-journal.ts';
export { createRedisOperatorRequests } from './operator-requests.ts';
export { createRedisOutcomeTrail } from './outcome-trail.ts';
export { packCells, unpackCells } from './packing.ts';
export { deniedRedisCommands, type RedisDenial } from './permissions.ts';
