/** The public entry of the Kafka adapter: the only room that imports kafkajs. */
export { committedOffsets } from './committed-offsets.ts';
export { connectKafka, type KafkaConnection, type KafkaLogger, type KafkaOptions } from './connection.ts';
export { createEventLog, type EventLogOptions } from './event-log.ts';
export { groupsWithMembers, membersOf } from './group-members.ts';
export { createKafkaPermissions, type Permission } from './permissions.ts';
export { type EventsTopicOptions, ensureEventsTopic, topicProblem } from './topic.ts';
export { createLogWriter, type LogWriterOptions } from './writer.ts';
