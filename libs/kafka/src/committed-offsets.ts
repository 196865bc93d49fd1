/** What a consumer group has committed on the events topic: for lag tools and people only, positions are kept elsewhere. */
import { asking, type KafkaConnection } from './connection.ts';

/** By partition; a partition that the group never committed is absent. Throws StoreUnavailable. */
export async function committedOffsets(connection: KafkaConnection, groupId: string): Promise<ReadonlyMap<number, number>> {
  const { admin, topic } = connection;
  const topics = await asking('tell committed offsets', () => admin.fetchOffsets({ groupId, topics: [topic] }));
  const partitions = topics.find((each) => each.topic === topic)?.partitions ?? [];
  return new Map(partitions.flatMap(({ partition, offset }): [number, number][] => (Number(offset) < 0 ? [] : [[partition, Number(offset)]])));
}
