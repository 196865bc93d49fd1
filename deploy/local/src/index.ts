/** The engines without Docker: real Kafka, Redis and ClickHouse as processes of this machine, and a check of the machine. */
export { type Check, checkMachine } from './check-machine.ts';
export type { EngineAddresses, EngineName } from './engine.ts';
export { type LocalEngines, type LocalEnginesOptions, startLocalEngines } from './engines.ts';
