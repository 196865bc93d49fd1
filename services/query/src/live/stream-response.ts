/** An answer that stays open: server-sent events on a connection that says when it can take no more. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FrameSink, Stream } from './live-hub.ts';

/** `open` is handed the connection. What it throws ends the connection, which has begun: refuse before. */
export async function answerWithStream(request: FastifyRequest, reply: FastifyReply, open: (sink: FrameSink) => Promise<Stream>): Promise<void> {
  reply.header('content-type', 'text/event-stream; charset=utf-8').header('cache-control', 'no-store').header('x-accel-buffering', 'no');
  reply.hijack();
  const { raw } = reply;
  // Its own life begins: the hub notices a reader that is stuck.
  request.raw.socket.setTimeout(0);
  request.raw.socket.setNoDelay(true);
  raw.statusCode = 200;
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value);
  raw.flushHeaders();
  let opened: Stream | null = null;
  let gone = false;
  raw.on('drain', () => opened?.drained());
  raw.on('close', () => {
    gone = true;
    opened?.closed();
  });
  try {
    opened = await open({ write: (frame) => !gone && raw.write(frame), destroy: () => void raw.destroy() });
  } catch (error) {
    raw.destroy();
    throw error;
  }
  if (gone) opened.closed();
  else if (!raw.writableNeedDrain) opened.drained();
}
