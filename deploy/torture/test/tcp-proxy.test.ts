// The proxy passes bytes unchanged, breaks connections at the moment that was asked for, goes silent, and never holds much.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTcpProxy, type TcpProxy } from '../tcp-proxy.ts';

let engine: Server;
let proxy: TcpProxy;
let received = '';
/** What the engine does with its connections; by default it answers what it is asked. */
let serve: (socket: Socket) => void;
const sockets = new Set<Socket>();

function client(): Socket {
  const socket = connect({ host: '127.0.0.1', port: proxy.port });
  socket.on('error', () => undefined);
  sockets.add(socket);
  return socket;
}

async function answerOf(socket: Socket, request: string): Promise<string> {
  socket.write(request);
  const end = once(socket, 'close').then(() => 'closed');
  return Promise.race([once(socket, 'data').then(([bytes]) => String(bytes)), end]);
}

beforeEach(async () => {
  received = '';
  serve = (socket) => {
    socket.on('data', (bytes) => {
      received += String(bytes);
      socket.write(`answer to ${bytes}`);
    });
  };
  engine = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    serve(socket);
  });
  engine.listen({ host: '127.0.0.1', port: 0 });
  await once(engine, 'listening');
  const address: AddressInfo | string | null = engine.address();
  proxy = await startTcpProxy(typeof address === 'object' ? (address?.port ?? 0) : 0);
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await proxy.close();
  engine.close();
});

describe('a proxy', () => {
  it('passes requests and answers', async () => {
    expect(await answerOf(client(), 'ping')).toBe('answer to ping');
  });

  it.each([
    { moment: 'before', reaches: '' },
    { moment: 'during', reaches: 'req' },
    { moment: 'after', reaches: 'request' },
  ] as const)('cut $moment a request, the engine has seen "$reaches" and the client no answer', async ({ moment, reaches }) => {
    proxy.cutNext(moment, 1);
    expect(await answerOf(client(), 'request')).toBe('closed');
    await sleep(20);
    expect(received).toBe(reaches);
    expect(proxy.broken).toBe(1);
    expect(await answerOf(client(), 'again')).toBe('answer to again');
  });

  it('that is silent accepts connections and passes nothing, and goes on afterwards', async () => {
    proxy.silence({ forgets: false });
    const socket = client();
    const answer = answerOf(socket, 'late');
    expect(await Promise.race([answer, sleep(60).then(() => 'silence')])).toBe('silence');
    expect(received).toBe('');
    proxy.heal();
    expect(await answer).toBe('answer to late');
  });

  it('that forgets breaks the connections that were silent', async () => {
    proxy.silence({ forgets: true });
    const answer = answerOf(client(), 'lost');
    await sleep(20);
    proxy.heal();
    expect(await answer).toBe('closed');
  });

  it('that delays takes its time', async () => {
    proxy.delay(60);
    const beganMs = performance.now();
    expect(await answerOf(client(), 'slow')).toBe('answer to slow');
    expect(performance.now() - beganMs).toBeGreaterThan(110);
  });

  it('does not take from a sender what nobody reads', async () => {
    serve = (socket) => socket.pause();
    const socket = client();
    await once(socket, 'connect');
    const chunk = Buffer.alloc(64 * 1024);
    let written = 0;
    // The kernel's own buffers take a few MiB; beyond them the sender has to wait.
    for (let round = 0; round < 1_000; round++) {
      if (socket.writableNeedDrain) await Promise.race([once(socket, 'drain'), sleep(100)]);
      if (socket.writableNeedDrain) break;
      socket.write(chunk);
      written += chunk.length;
    }
    expect(written).toBeLessThan(60 * 1024 * 1024);
  });
});
