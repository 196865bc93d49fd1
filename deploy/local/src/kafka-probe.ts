/** One Kafka Metadata request by hand: tells whether a broker serves, and of which cluster, without a client library. */
import { connect } from 'node:net';

export interface KafkaMetadata {
  readonly brokers: number;
  readonly clusterId: string | null;
}

/** Undefined when nobody answers as a Kafka broker within the time. */
export function probeKafka(options: { host: string; port: number; timeoutMs: number }): Promise<KafkaMetadata | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: options.host, port: options.port });
    let received = Buffer.alloc(0);
    const finish = (answer: KafkaMetadata | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => finish(undefined), options.timeoutMs);
    socket.on('connect', () => socket.write(encodeMetadataRequest()));
    socket.on('error', () => finish(undefined));
    socket.on('close', () => finish(undefined));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) finish(decodeMetadataResponse(received));
    });
  });
}

/** Metadata, version 2, no topics. */
export function encodeMetadataRequest(): Buffer {
  const request = Buffer.alloc(4 + 2 + 2 + 4 + 2 + 4);
  let at = request.writeInt32BE(request.length - 4, 0);
  at = request.writeInt16BE(3, at);
  at = request.writeInt16BE(2, at);
  at = request.writeInt32BE(1, at);
  at = request.writeInt16BE(-1, at);
  request.writeInt32BE(0, at);
  return request;
}

export function decodeMetadataResponse(response: Buffer): KafkaMetadata | undefined {
  try {
    let at = 8;
    const brokers = response.readInt32BE(at);
    at += 4;
    for (let broker = 0; broker < brokers; broker++) {
      at += 4;
      at += 2 + Math.max(0, response.readInt16BE(at));
      at += 4;
      at += 2 + Math.max(0, response.readInt16BE(at));
    }
    const length = response.readInt16BE(at);
    return { brokers, clusterId: length < 0 ? null : response.toString('utf8', at + 2, at + 2 + length) };
  } catch {
    return undefined;
  }
}
