/** kafkajs's cluster, reached by the factory that it hides behind a symbol: to send requests of our own, and to read fetches ourselves. */
import type { Kafka } from 'kafkajs';

/** Makes clusters with a client's settings; a consumer takes its cluster from what stands behind this symbol. */
export interface ClusterFactory {
  readonly symbol: symbol;
  create(options: object): RawCluster;
}

/** The part of kafkajs's cluster that is used. */
export interface RawCluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  readonly brokerPool: { findConnectedBroker(): Promise<RawBroker> };
}

export interface RawBroker {
  readonly versions: Readonly<Record<number, { readonly maxVersion: number }>> | null;
  connect(): Promise<void>;
  readonly connectionPool: { send(exchange: object): Promise<unknown> };
}

/** Holds for the pinned 2.2.4; throws for a kafkajs that is built otherwise. */
export function clusterFactoryOf(kafka: Kafka): ClusterFactory {
  const symbol = Object.getOwnPropertySymbols(kafka).find(({ description }) => description === 'private:Kafka:createCluster');
  const create: unknown = symbol === undefined ? undefined : Reflect.get(kafka, symbol);
  if (symbol === undefined || typeof create !== 'function') throw unreachable();
  return {
    symbol,
    create: (options) => {
      const cluster: unknown = create(options);
      if (!isRawCluster(cluster)) throw unreachable();
      return cluster;
    },
  };
}

function unreachable(): Error {
  return new Error('this kafkajs is not 2.2.4: its cluster cannot be reached to ask for topic ids and to read record batches');
}

function isRawCluster(value: unknown): value is RawCluster {
  return typeof value === 'object' && value !== null && 'brokerPool' in value && 'connect' in value && 'disconnect' in value;
}
