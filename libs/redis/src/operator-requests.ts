/** What operators ask, and what workers answered, in Redis: a hash of requests, and a key for each answer; both are forgotten after a minute. */
import { type OperatorRequests, readOperatorAnswer, readOperatorRequest } from '@tidemark/pipeline';
import type { RedisConnection } from './connection.ts';
import { requestKeys } from './layout.ts';

const KEPT_SECONDS = 60;

export function createRedisOperatorRequests(connection: RedisConnection): OperatorRequests {
  const { requests, answer } = requestKeys(connection.namespace);
  return {
    async ask(request): Promise<void> {
      await connection.call('HSET', requests, request.id, JSON.stringify(request));
      await connection.call('EXPIRE', requests, KEPT_SECONDS);
    },
    async pending() {
      const reply = await connection.call('HGETALL', requests);
      const values = Array.isArray(reply) ? reply.filter((_field, index) => index % 2 === 1) : [];
      return values.flatMap((text) => readOperatorRequest(parsed(text)) ?? []);
    },
    async answer(id, given): Promise<void> {
      // First the answer: who waits looks for it when the request is gone.
      await connection.call('SET', answer(id), JSON.stringify({ ...given, detail: given.detail.toWellFormed() }), 'EX', KEPT_SECONDS);
      await connection.call('HDEL', requests, id);
    },
    async answerTo(id) {
      return readOperatorAnswer(parsed(await connection.call('GET', answer(id))));
    },
    async withdraw(id): Promise<void> {
      await connection.call('HDEL', requests, id);
    },
  };
}

/** Undefined when it is no JSON. */
function parsed(text: unknown): unknown {
  try {
    return Buffer.isBuffer(text) ? JSON.parse(text.toString()) : undefined;
  } catch {
    return undefined;
  }
}
