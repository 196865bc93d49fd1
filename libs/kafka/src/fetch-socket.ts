/** The socket that a consumer fetches by: Node puts what comes where it stays, instead of into a chunk of its own that kafkajs then copies. */
import { connect, type Socket } from 'node:net';
import { ResponseFrames } from './response-frames.ts';

const KEEP_ALIVE_DELAY_MS = 60_000;

/** What kafkajs's connections ask of a factory. */
export interface SocketRequest {
  readonly host: string;
  readonly port: number;
  readonly ssl?: unknown;
  readonly onConnect: () => void;
}

/** Emits `data` once per response, with the whole of it. For connections without TLS. */
export function openFetchSocket({ host, port, onConnect }: SocketRequest): Socket {
  const frames = new ResponseFrames((response) => socket.emit('data', response));
  const socket = connect(
    {
      host,
      port,
      onread: {
        buffer: () => frames.space(),
        callback: (count) => {
          try {
            frames.filled(count);
          } catch (error) {
            socket.destroy(error instanceof Error ? error : new Error(String(error)));
          }
          return true;
        },
      },
    },
    onConnect,
  );
  socket.setKeepAlive(true, KEEP_ALIVE_DELAY_MS);
  return socket;
}
