// The committed kafkajs patch: a connection's request queue holds a timer only while a request waits, and never asks for a time in the past.
import { createRequire } from 'node:module';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

interface RequestQueue {
  push(request: object): void;
  fulfillRequest(response: { correlationId: number; size: number; payload: Buffer }): void;
  maybeThrottle(clientSideThrottleTimeMs: number): void;
  rejectAll(error: Error): void;
  destroy(): void;
}
type QueueClass = new (options: object) => RequestQueue;

// The queue is not among the driver's exports; its file is what the patch changes.
const Queue: QueueClass = createRequire(import.meta.url)('kafkajs/src/network/requestQueue');
const silent = { debug: () => undefined, warn: () => undefined };
let delaysMs: (number | undefined)[];
let sent: number[];

beforeEach(() => {
  vi.useFakeTimers();
  delaysMs = [];
  sent = [];
  const arm = globalThis.setTimeout;
  vi.spyOn(globalThis, 'setTimeout').mockImplementation((callback, delayMs) => {
    delaysMs.push(delayMs);
    return arm(callback, delayMs);
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function newQueue(maxInFlightRequests: number | null = null): RequestQueue {
  return new Queue({
    maxInFlightRequests,
    requestTimeout: 30_000,
    enforceRequestTimeout: false,
    clientId: 'test',
    broker: '127.0.0.1:9092',
    logger: silent,
  });
}

function push(queue: RequestQueue, correlationId: number): void {
  const entry = { correlationId, apiName: 'Fetch', apiKey: 1, apiVersion: 11, resolve: () => undefined, reject: () => undefined };
  queue.push({ entry, expectResponse: true, sendRequest: () => sent.push(correlationId) });
}

function answer(queue: RequestQueue, correlationId: number): void {
  queue.fulfillRequest({ correlationId, size: 0, payload: Buffer.alloc(0) });
}

test('requests that are sent and answered at once arm no timer', () => {
  const queue = newQueue();
  for (let id = 0; id < 100; id++) {
    push(queue, id);
    answer(queue, id);
  }
  expect(sent).toHaveLength(100);
  expect(delaysMs).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test('a throttled queue arms one timer for all that waits, sends when the throttle ends, and is quiet again', () => {
  const queue = newQueue();
  queue.maybeThrottle(250);
  for (let id = 0; id < 3; id++) push(queue, id);
  expect(sent).toEqual([]);
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(249);
  expect(sent).toEqual([]);
  vi.advanceTimersByTime(20);
  expect(sent).toEqual([0, 1, 2]);
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(60_000);
  expect(delaysMs.length).toBeLessThanOrEqual(2);
  expect(delaysMs.filter((delayMs) => delayMs === undefined || delayMs <= 0)).toEqual([]);
});

test('requests beyond the in-flight limit go out as answers come in, in order, with at most one timer', () => {
  const queue = newQueue(1);
  for (let id = 0; id < 3; id++) push(queue, id);
  expect(sent).toEqual([0]);
  expect(vi.getTimerCount()).toBe(1);
  answer(queue, 0);
  answer(queue, 1);
  expect(sent).toEqual([0, 1, 2]);
  answer(queue, 2);
  vi.advanceTimersByTime(100);
  expect(vi.getTimerCount()).toBe(0);
});

test('after a connection is torn down no timer comes back', () => {
  const queue = newQueue();
  queue.maybeThrottle(10);
  push(queue, 1);
  queue.rejectAll(new Error('closed'));
  queue.destroy();
  vi.advanceTimersByTime(60_000);
  expect(vi.getTimerCount()).toBe(0);
  expect(sent).toEqual([]);
});
