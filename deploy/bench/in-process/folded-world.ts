/** Events folded by the production worker in this process into a real Redis, and the production answers read from there, none of them kept. */
import { DEFAULT_SETTINGS, type MetricSet } from '@tidemark/core';
import { type Answered, type AnswerQuery, createAnswerer } from '@tidemark/pipeline';
import { connectRedis, createRedisCellReader, createRedisCellSink, type RedisConnection } from '@tidemark/redis';
import { systemClock } from '@tidemark/runtime';
import { MemoryCellStore } from '@tidemark/testing';
import { type FedEvent, SteppedWorker } from './stepped-worker.ts';

export interface FoldedWorldOptions {
  readonly set: MetricSet;
  readonly partitions: number;
  readonly redisUrl: string;
  /** Of the keys in Redis. */
  readonly namespace: string;
  readonly events: Iterable<FedEvent>;
}

export interface FoldedWorld {
  readonly worker: SteppedWorker;
  answer(question: Question): Promise<Answered>;
  close(): Promise<void>;
}

export interface Question {
  readonly metric: string;
  readonly query: AnswerQuery;
}

const chunkEvents = 10_000;

/** Publishes once, when all is folded: what was published in between would be overwritten. */
export async function foldWorld({ set, partitions, redisUrl, namespace, events }: FoldedWorldOptions): Promise<FoldedWorld> {
  const redis = await connectRedis({ url: redisUrl, namespace });
  try {
    // A table store is always there; that of this process costs a reader of Redis next to nothing.
    const table = new MemoryCellStore('clickhouse');
    const sinks = { redis: createRedisCellSink(redis), clickhouse: table.sink };
    let worker: SteppedWorker | null = null;
    let chunk: FedEvent[] = [];
    for (const event of events) {
      worker ??= await SteppedWorker.start({ set, partitions, sinks, startMs: event.timeMs });
      chunk.push(event);
      if (chunk.length < chunkEvents) continue;
      worker.feed(chunk);
      chunk = [];
    }
    if (worker === null) throw new Error('a world needs an event');
    worker.feed(chunk);
    await worker.publish();
    return worldOf({ set, partitions, redis, table, worker });
  } catch (error) {
    await redis.close();
    throw error;
  }
}

function worldOf(of: { set: MetricSet; partitions: number; redis: RedisConnection; table: MemoryCellStore; worker: SteppedWorker }): FoldedWorld {
  const { set, redis, table, worker } = of;
  const { lineage } = worker;
  const answerer = createAnswerer({
    lineages: () => [lineage],
    partitions: Array.from({ length: of.partitions }, (_, partition) => partition),
    stores: { redis: createRedisCellReader(redis), clickhouse: table.reader },
    latenessMs: DEFAULT_SETTINGS.latenessMs,
    clock: systemClock,
    cacheBounds: { maxAnswers: 0, maxFigures: 0 },
  });
  const close = async (): Promise<void> => {
    await worker.close();
    await redis.close();
  };
  const answer: FoldedWorld['answer'] = async ({ metric: id, query }) => {
    const metric = set.metrics.find((each) => each.id === id);
    if (metric === undefined) throw new Error(`the set has no metric ${id}`);
    return await answerer.answer({ set, lineage, metric }, query);
  };
  return { worker, answer, close };
}

/** The days that end at the watermark, as many as asked for. */
export async function lastDays(world: FoldedWorld, metric: string, days: number): Promise<AnswerQuery> {
  const { body } = await world.answer({ metric, query: {} });
  const from = new Date(Date.parse(`${body.to}T00:00:00Z`) - (days - 1) * 86_400_000).toISOString().slice(0, 10);
  return { from, to: body.to };
}

/** Milliseconds of this process's processor time for one answer, read from the store and written as JSON. */
export async function answerCpuMs(world: FoldedWorld, question: Question): Promise<number> {
  const before = process.cpuUsage();
  const { body, cached } = await world.answer(question);
  const { length } = JSON.stringify(body);
  const { user, system } = process.cpuUsage(before);
  if (cached || length === 0) throw new Error(`the answer of ${question.metric} was kept from before: nothing was measured`);
  return (user + system) / 1_000;
}
