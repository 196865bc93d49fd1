/** Events folded by the production worker in this process into a real Redis, and the production answers from there, each at positions that nobody has asked for. */
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
  /** What comes in between two answers, `movedEvents` at a time: the worker publishes four times a second. */
  readonly live: Iterable<FedEvent>;
  readonly movedEvents: number;
}

export interface FoldedWorld {
  readonly worker: SteppedWorker;
  /** Folds and publishes the next live events; what is answered from then on is of their positions. */
  move(): Promise<void>;
  answer(question: Question): Promise<Answered>;
  close(): Promise<void>;
}

export interface Question {
  readonly metric: string;
  readonly query: AnswerQuery;
}

const chunkEvents = 10_000;

/** Publishes once, when all is folded: what was published in between would be overwritten. */
export async function foldWorld(options: FoldedWorldOptions): Promise<FoldedWorld> {
  const { set, partitions, redisUrl, namespace, events } = options;
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
    return worldOf(options, { redis, table, worker });
  } catch (error) {
    await redis.close();
    throw error;
  }
}

interface Folded {
  readonly redis: RedisConnection;
  readonly table: MemoryCellStore;
  readonly worker: SteppedWorker;
}

function worldOf({ set, partitions, live, movedEvents }: FoldedWorldOptions, { redis, table, worker }: Folded): FoldedWorld {
  const { lineage } = worker;
  const answerer = createAnswerer({
    lineages: () => [lineage],
    partitions: Array.from({ length: partitions }, (_, partition) => partition),
    stores: { redis: createRedisCellReader(redis), clickhouse: table.reader },
    latenessMs: DEFAULT_SETTINGS.latenessMs,
    clock: systemClock,
    cacheBounds: { maxAnswers: 0, maxFigures: 0 },
  });
  const coming = live[Symbol.iterator]();
  const move = async (): Promise<void> => {
    const next: FedEvent[] = [];
    for (let { done, value } = coming.next(); done !== true; { done, value } = coming.next()) if (next.push(value) === movedEvents) break;
    if (next.length < movedEvents) throw new Error('the world has no more live events: give it as many as there are answers');
    worker.feed(next);
    await worker.publish();
    await Promise.all([answerer.watch.poll('redis'), answerer.watch.poll('clickhouse')]);
  };
  const close = async (): Promise<void> => {
    await worker.close();
    await redis.close();
  };
  const answer: FoldedWorld['answer'] = async ({ metric: id, query }) => {
    const metric = set.metrics.find((each) => each.id === id);
    if (metric === undefined) throw new Error(`the set has no metric ${id}`);
    return await answerer.answer({ set, lineage, metric }, query);
  };
  return { worker, move, answer, close };
}

/** The days that end at the watermark, as many as asked for. */
export async function lastDays(world: FoldedWorld, metric: string, days: number): Promise<AnswerQuery> {
  const { body } = await world.answer({ metric, query: {} });
  const from = new Date(Date.parse(`${body.to}T00:00:00Z`) - (days - 1) * 86_400_000).toISOString().slice(0, 10);
  return { from, to: body.to };
}

/** Milliseconds of this process's processor time for one answer after the next live events, read from the store and written as JSON. */
export async function answerCpuMs(world: FoldedWorld, question: Question): Promise<number> {
  await world.move();
  const before = process.cpuUsage();
  const { body, cached } = await world.answer(question);
  const { length } = JSON.stringify(body);
  const { user, system } = process.cpuUsage(before);
  const read = Object.values(body.asOf.positions).reduce((sum, position) => sum + Number(position), 0);
  if (cached || length === 0 || read !== world.worker.fed)
    throw new Error(`the answer of ${question.metric} is of ${read} events, and ${world.worker.fed} were published: nothing was measured`);
  return (user + system) / 1_000;
}
