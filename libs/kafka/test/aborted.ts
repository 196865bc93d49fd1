/** Leaves offsets in a partition that no reader is given: a transaction that was aborted, and its marker. */
import type { KafkaConnection } from '../src/index.ts';

let transactions = 0;

export async function abortTransaction(connection: KafkaConnection, partition: number): Promise<void> {
  const transactionalId = `${connection.namespace}.gap${++transactions}`;
  const producer = connection.kafka.producer({ transactionalId, maxInFlightRequests: 1, idempotent: true });
  await producer.connect();
  const transaction = await producer.transaction();
  await transaction.send({ topic: connection.topic, messages: [{ partition, key: 'k', value: 'aborted' }] });
  await transaction.abort();
  await producer.disconnect();
}
