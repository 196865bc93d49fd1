/** Tests of the lifecycle on a fake process, where every event and the exit are in hand. */
import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { exitError } from '../src/exit-codes.ts';
import { type RunServiceOptions, runService } from '../src/lifecycle.ts';

function fakeHost(env: Record<string, string> = {}) {
  const events = new EventEmitter();
  const stdin = Object.assign(new EventEmitter(), { resume: () => {}, pause: () => {} });
  const exits: number[] = [];
  return {
    events,
    exits,
    stdin,
    env,
    on: (event: string, listener: (...values: unknown[]) => void) => events.on(event, listener),
    off: (event: string, listener: (...values: unknown[]) => void) => events.off(event, listener),
    exit: (code: number) => {
      exits.push(code);
    },
  };
}

function scene(options: Partial<RunServiceOptions> = {}, env: Record<string, string> = {}) {
  const host = fakeHost(env);
  const log: string[] = [];
  const write = (level: string) => (_fields: object, message: string) => void log.push(`${level} ${message}`);
  const stops: string[] = [];
  const ended = runService({
    name: 'worker',
    start: async () => ({ stop: async () => void stops.push('stopped') }),
    logger: { info: write('info'), error: write('error'), fatal: write('fatal') },
    host,
    ...options,
  });
  return { host, log, stops, ended, settle: () => new Promise((resolve) => setImmediate(resolve)) };
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('%s stops the service once and ends with 0, leaving no listener', async (signal) => {
  const { host, ended, stops, settle, log } = scene();
  await settle();
  host.events.emit(signal, signal);
  host.events.emit(signal, signal);
  expect(await ended).toBe(0);
  expect([stops, host.exits, host.events.eventNames()]).toEqual([['stopped'], [0], []]);
  expect(log).toEqual(['info worker started', 'info worker is stopping', 'info worker stopped']);
});

test('a second signal after the copies of the first ends at once', async () => {
  const { host, ended, settle } = scene({ repeatedSignalMs: 0, shutdownDeadlineMs: 20, start: async () => ({ stop: () => new Promise(() => {}) }) });
  await settle();
  host.events.emit('SIGINT', 'SIGINT');
  expect(host.exits).toEqual([]);
  host.events.emit('SIGINT', 'SIGINT');
  expect(host.exits).toEqual([1]);
  await ended;
});

test('a start that fails ends with the code of its error', async () => {
  const { ended, stops, log } = scene({ start: () => Promise.reject(exitError(4, 'no broker')) });
  expect([await ended, stops, log[0]]).toEqual([4, [], 'fatal worker could not start']);
});

test('a signal during the start aborts it; giving up then is no failure', async () => {
  const start = (signal: AbortSignal) => new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  const { host, ended, log } = scene({ start });
  host.events.emit('SIGTERM', 'SIGTERM');
  expect(await ended).toBe(0);
  expect(log.join()).not.toContain('fatal');
});

test('a service that comes up after it was asked to stop is stopped', async () => {
  const started = Promise.withResolvers<void>();
  const stops: string[] = [];
  const { host, ended } = scene({
    start: async () => {
      await started.promise;
      return { stop: async () => void stops.push('late') };
    },
  });
  host.events.emit('SIGTERM', 'SIGTERM');
  started.resolve();
  expect([await ended, stops]).toEqual([0, ['late']]);
});

test.each(['uncaughtException', 'unhandledRejection'])('an %s is logged as fatal, the service is stopped, the code is 1', async (event) => {
  const { host, ended, stops, settle, log } = scene();
  await settle();
  host.events.emit(event, new Error('bug'));
  expect([await ended, stops]).toEqual([1, ['stopped']]);
  expect(log.filter((line) => line.startsWith('fatal'))).toHaveLength(1);
});

test('a shutdown that overruns its deadline, or fails, ends with 1', async () => {
  const hanging = scene({ shutdownDeadlineMs: 5, start: async () => ({ stop: () => new Promise(() => {}) }) });
  await hanging.settle();
  hanging.host.events.emit('SIGTERM', 'SIGTERM');
  expect([await hanging.ended, hanging.log.at(-2)]).toEqual([1, 'fatal shutdown overran its deadline']);
  const failing = scene({ start: async () => ({ stop: () => Promise.reject(new Error('bug')) }) });
  await failing.settle();
  failing.host.events.emit('SIGTERM', 'SIGTERM');
  expect(await failing.ended).toBe(1);
});

test('a start that hangs after a signal is cut at the deadline', async () => {
  const { host, ended } = scene({ shutdownDeadlineMs: 5, start: () => new Promise(() => {}) });
  host.events.emit('SIGTERM', 'SIGTERM');
  expect(await ended).toBe(1);
});

test('a service that ends by itself ends with 0, one that fails by itself with its code', async () => {
  expect(await scene({ start: async () => ({ stop: async () => {}, done: Promise.resolve() }) }).ended).toBe(0);
  expect(await scene({ start: async () => ({ stop: async () => {}, done: Promise.reject(exitError(5, 'differs')) }) }).ended).toBe(5);
});

test('the first failure decides the code', async () => {
  const { host, ended, settle } = scene({ start: async () => ({ stop: () => Promise.reject(exitError(5, 'later')) }) });
  await settle();
  host.events.emit('uncaughtException', exitError(4, 'first'));
  expect(await ended).toBe(4);
});

test('the end of stdin stops the service only when the parent is watched', async () => {
  const watching = scene({}, { TIDEMARK_PARENT_WATCH: 'stdin' });
  await watching.settle();
  watching.host.stdin.emit('end');
  expect([await watching.ended, watching.host.stdin.eventNames()]).toEqual([0, []]);
  const other = scene();
  await other.settle();
  expect(other.host.stdin.eventNames()).toEqual([]);
  other.host.events.emit('SIGTERM', 'SIGTERM');
  await other.ended;
});

test('no timer is left', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const before = timers();
  const { host, ended, settle } = scene({ shutdownDeadlineMs: 60_000 });
  await settle();
  host.events.emit('SIGTERM', 'SIGTERM');
  await ended;
  expect(timers()).toBeLessThanOrEqual(before);
});
