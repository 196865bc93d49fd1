/** Tests of the health server over real loopback sockets: answers, other methods and paths, bounds, close. */
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createHealthServer, type HealthServer, type HealthServerOptions } from '../src/health.ts';

const open: HealthServer[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function start(options: Partial<HealthServerOptions> = {}): Promise<string> {
  const server = await createHealthServer({
    port: 0,
    ready: () => ({ checks: [] }),
    metrics: { contentType: 'text/plain', text: async () => 'up 1\n' },
    ...options,
  });
  open.push(server);
  return `http://127.0.0.1:${server.port}`;
}

test('livez follows the caller’s judgement', async () => {
  let alive = true;
  const base = await start({ live: () => alive });
  expect((await fetch(`${base}/livez`)).status).toBe(200);
  alive = false;
  expect((await fetch(`${base}/livez?x=1`)).status).toBe(503);
});

test('readyz answers 200 or 503 with the checks and the details', async () => {
  let ok = true;
  const base = await start({
    ready: () => ({ checks: [{ name: 'redis', ok, detail: 'ok', latencyMs: 1 }], details: { partitions: { 0: { next: 2n ** 60n } } } }),
  });
  const good = await fetch(`${base}/readyz`);
  expect([good.status, good.headers.get('content-type'), good.headers.get('cache-control')]).toEqual([
    200,
    'application/json; charset=utf-8',
    'no-store',
  ]);
  expect(await good.json()).toEqual({
    ready: true,
    checks: [{ name: 'redis', ok: true, detail: 'ok', latencyMs: 1 }],
    details: { partitions: { 0: { next: '1152921504606846976' } } },
  });
  ok = false;
  const bad = await fetch(`${base}/readyz`);
  expect([bad.status, await bad.json()]).toEqual([503, expect.objectContaining({ ready: false })]);
});

test('a readiness check that throws or hangs is not ready', async () => {
  const throwing = await start({ ready: () => Promise.reject(new Error('http://u:hunter2@h is gone')) });
  const answer = await fetch(`${throwing}/readyz`);
  expect([answer.status, await answer.json()]).toEqual([
    503,
    { ready: false, checks: [{ name: 'readiness', ok: false, detail: 'http://***@h is gone' }], details: {} },
  ]);
  const hanging = await start({ ready: () => new Promise(() => {}), answerTimeoutMs: 10 });
  expect((await fetch(`${hanging}/readyz`)).status).toBe(503);
});

test('metrics are served with their content type, and a failure is a 500', async () => {
  const good = await fetch(`${await start()}/metrics`);
  expect([good.status, await good.text()]).toEqual([200, 'up 1\n']);
  const bad = await start({ metrics: { contentType: 'text/plain', text: () => Promise.reject(new Error('broken')) } });
  expect((await fetch(`${bad}/metrics`)).status).toBe(500);
});

test('other methods are 405, other paths 404, and a body is never read', async () => {
  const base = await start();
  const post = await fetch(`${base}/livez`, { method: 'POST', body: 'x'.repeat(10_000) });
  expect([post.status, post.headers.get('allow'), post.headers.get('connection')]).toEqual([405, 'GET', 'close']);
  expect((await fetch(`${base}/livez`, { method: 'HEAD' })).status).toBe(405);
  for (const path of ['/', '/livez/', '/%2e%2e/etc/passwd', '/LIVEZ']) expect((await fetch(base + path)).status).toBe(404);
});

test('headers beyond 8 KiB are refused', async () => {
  const answer = await fetch(`${await start()}/livez`, { headers: { 'x-large': 'x'.repeat(9000) } });
  expect(answer.status).toBe(431);
});

test('close ends at once, although a client holds its connection, and frees the port', async () => {
  const server = await createHealthServer({ port: 0, ready: () => ({ checks: [] }), metrics: { contentType: 'text/plain', text: async () => '' } });
  const socket = connect(server.port, '127.0.0.1');
  const ended = new Promise((resolve) => socket.once('close', resolve));
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write('GET /livez HTTP/1.1\r\n');
  socket.on('error', () => {});
  await server.close();
  await ended;
  await expect(fetch(`http://127.0.0.1:${server.port}/livez`)).rejects.toThrow();
});

test('a port that is taken is named', async () => {
  const base = await start();
  const port = Number(new URL(base).port);
  await expect(start({ port })).rejects.toThrow(`cannot listen on 127.0.0.1:${port}: `);
});
