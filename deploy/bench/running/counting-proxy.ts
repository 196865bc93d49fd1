/** A TCP proxy on loopback that counts the bytes that go to the engine. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';

export interface CountingProxy {
  readonly port: number;
  /** To the engine, since the start. */
  bytes(): number;
  close(): Promise<void>;
}

export async function startCountingProxy(targetPort: number): Promise<CountingProxy> {
  let count = 0;
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    const engine = connect({ host: '127.0.0.1', port: targetPort, noDelay: true });
    for (const socket of [client, engine]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
    client.on('data', (chunk: Buffer) => {
      count += chunk.length;
    });
    // A connection that breaks is its client's affair.
    void Promise.all([pipeline(client, engine), pipeline(engine, client)]).catch(() => {
      client.destroy();
      engine.destroy();
    });
  });
  server.listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
  return {
    port: address.port,
    bytes: () => count,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
