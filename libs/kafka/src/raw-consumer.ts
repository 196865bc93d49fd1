/** A kafkajs consumer whose fetches are decoded by us: record batches stay bytes, one `FetchedRecords` per partition and fetch. */
import type { Consumer, ConsumerConfig, Kafka } from 'kafkajs';
import { clusterFactoryOf } from './cluster.ts';
import { decodeFetchResponse, FETCH_API_KEY, FETCH_API_VERSION } from './fetch-response.ts';
import { openFetchSocket, type SocketRequest } from './fetch-socket.ts';

/**
 * Only this consumer is concerned: it gets a cluster of its own, as every kafkajs consumer does, and every broker that joins that cluster
 * sends its requests through us. Throws when kafkajs is not the pinned 2.2.4 by its shape.
 */
export function createRawConsumer(kafka: Kafka, config: ConsumerConfig): Consumer {
  const factory = clusterFactoryOf(kafka);
  const create = (options: object): unknown => {
    const cluster = factory.create(options);
    readRaw(cluster);
    return cluster;
  };
  const raw: Kafka = Object.create(kafka, { [factory.symbol]: { value: create } });
  return raw.consumer(config);
}

type Exchange = { readonly request: object; readonly response: object };

function readRaw(cluster: object): void {
  const pool = memberOf(cluster, 'brokerPool');
  const createBroker = pool === null ? undefined : Reflect.get(pool, 'createBroker');
  if (pool === null || typeof createBroker !== 'function') throw changed('its brokers cannot be reached');
  Reflect.set(pool, 'createBroker', (options: object): unknown => {
    const connections = memberOf(options, 'connectionPool');
    const send = connections === null ? undefined : Reflect.get(connections, 'send');
    if (connections === null || typeof send !== 'function') throw changed('its connections cannot be reached');
    Reflect.set(connections, 'send', (exchange: Exchange): unknown => send.call(connections, withRawRecords(exchange)));
    readInPlace(connections);
    return createBroker.call(pool, options);
  });
}

/** The same exchange, but a Fetch is decoded by us. What kafkajs makes of its error codes stays kafkajs's. */
function withRawRecords(exchange: Exchange): Exchange {
  if (!('apiKey' in exchange.request) || exchange.request.apiKey !== FETCH_API_KEY) return exchange;
  const version = 'apiVersion' in exchange.request ? exchange.request.apiVersion : undefined;
  if (version !== FETCH_API_VERSION) throw changed(`it fetches by version ${String(version)} where ${FETCH_API_VERSION} is decoded`);
  return { ...exchange, response: { ...exchange.response, decode: async (payload: Buffer) => decodeFetchResponse(payload) } };
}

/** kafkajs keeps the second connection of a broker for fetches; with TLS it stays as it is. */
function readInPlace(connections: object): void {
  const connection = memberOf(memberOf(connections, 'pool') ?? {}, '1');
  const openTls = connection === null ? undefined : Reflect.get(connection, 'socketFactory');
  const process = connection === null ? undefined : Reflect.get(connection, 'processData');
  if (connection === null || typeof openTls !== 'function' || typeof process !== 'function')
    throw changed('its connection for fetches cannot be reached');
  Reflect.set(connection, 'socketFactory', (request: SocketRequest): unknown => (request.ssl ? openTls(request) : openFetchSocket(request)));
  Reflect.set(connection, 'processData', (data: Buffer): unknown => {
    // An empty rest of the response before would make kafkajs copy this one.
    if (Reflect.get(connection, 'bytesBuffered') === 0) Reflect.set(connection, 'chunks', []);
    return process.call(connection, data);
  });
}

function memberOf(value: object, name: string): object | null {
  const member: unknown = Reflect.get(value, name);
  return typeof member === 'object' && member !== null ? member : null;
}

function changed(what: string): Error {
  return new Error(`this kafkajs is not 2.2.4: ${what} to read record batches`);
}
