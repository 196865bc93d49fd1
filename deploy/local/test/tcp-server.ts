// A loopback listener that answers whatever comes with fixed bytes, for the probes' tests.
import { createServer, type Server, type Socket } from 'node:net';

const socketsOf = new WeakMap<Server, Set<Socket>>();

/** `undefined` answers nothing and keeps the connection open. */
export function listenWith(answer: Buffer | undefined): Promise<{ server: Server; port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', () => (answer === undefined ? undefined : socket.end(answer)));
  });
  socketsOf.set(server, sockets);
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve({ server, port: typeof address === 'object' && address !== null ? address.port : 0 });
    });
  });
}

export function closeServer(server: Server): Promise<void> {
  for (const socket of socketsOf.get(server) ?? []) socket.destroy();
  return new Promise((resolve) => server.close(() => resolve()));
}
