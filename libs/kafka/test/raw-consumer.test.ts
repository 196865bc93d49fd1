// The places of kafkajs at which fetches are taken over: there in 2.2.4, and missed in one sentence elsewhere.
import { Kafka, logLevel } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { clusterFactoryOf } from '../src/cluster.ts';
import { createRawConsumer } from '../src/raw-consumer.ts';

const client = (): Kafka => new Kafka({ brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING });

/** A client whose clusters are these. */
function clientWith(cluster: object): Kafka {
  const kafka = client();
  return Object.create(kafka, { [clusterFactoryOf(kafka).symbol]: { value: () => cluster } });
}

describe('a consumer that reads record batches as bytes', () => {
  it('is made of the pinned kafkajs, and leaves its client as it was', () => {
    const kafka = client();
    const before = Reflect.get(kafka, clusterFactoryOf(kafka).symbol);
    expect(createRawConsumer(kafka, { groupId: 'g' }).events.CRASH).toBe('consumer.crash');
    expect(Reflect.get(kafka, clusterFactoryOf(kafka).symbol)).toBe(before);
  });

  it('decodes fetches itself and nothing else', async () => {
    const sent: { response: { decode: unknown } }[] = [];
    const pool = [{}, { socketFactory: () => {}, processData: () => {} }];
    const connectionPool = { pool, send: async (exchange: { response: { decode: unknown } }) => sent.push(exchange) };
    const brokerPool = { createBroker: (options: object) => options };
    createRawConsumer(clientWith({ brokerPool, connect: () => {}, disconnect: () => {} }), { groupId: 'g' });
    brokerPool.createBroker({ connectionPool });
    const decode = async (): Promise<string> => 'theirs';
    const parse = async (): Promise<void> => {};
    await connectionPool.send(exchangeOf(3, 6, { decode, parse }));
    await connectionPool.send(exchangeOf(1, 11, { decode, parse }));
    expect(sent.map(({ response }) => response.decode === decode)).toEqual([true, false]);
    expect(sent[1]?.response).toMatchObject({ parse });
    expect(() => connectionPool.send(exchangeOf(1, 12, { decode, parse }))).toThrow(
      'this kafkajs is not 2.2.4: it fetches by version 12 where 11 is decoded to read record batches',
    );
  });

  it.each([
    ['its cluster', {}],
    ['its brokers', { brokerPool: {}, connect: () => {}, disconnect: () => {} }],
  ])('says that kafkajs is another one when %s cannot be reached', (_, cluster) => {
    expect(() => createRawConsumer(clientWith(cluster), { groupId: 'g' })).toThrow(/^this kafkajs is not 2\.2\.4: /);
  });
});

function exchangeOf<Response>(apiKey: number, apiVersion: number, response: Response): { request: object; response: Response } {
  return { request: { apiKey, apiVersion }, response };
}
