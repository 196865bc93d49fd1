/** A line on loopback to a real engine that swallows answers or holds requests back, so that a call's outcome is truly unknown. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

interface Link {
  readonly client: Socket;
  readonly engine: Socket;
  readonly held: Buffer[];
  /** Its client has missed something: the two no longer agree on what was answered. */
  broken: boolean;
}

/** The line leads to the engine at `url`; `url` of the line replaces it. */
export async function startLossyLine(url: string): Promise<LossyLine> {
  const line = new LossyLine(url);
  await line.listen();
  return line;
}

/** Owns a listener and all connections through it. */
export class LossyLine {
  readonly #target: URL;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  #mode: 'open' | 'swallow' | 'hold' = 'open';

  constructor(url: string) {
    this.#target = new URL(url);
    this.#server = createServer((client) => this.#accept(client));
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the line does not listen');
    const through = new URL(this.#target);
    through.hostname = '127.0.0.1';
    through.port = String(address.port);
    return through.href;
  }

  async listen(): Promise<void> {
    this.#server.listen({ host: '127.0.0.1', port: 0 });
    await once(this.#server, 'listening');
  }

  /** The engine hears and answers, and nobody hears its answers. */
  swallowReplies(): void {
    this.#mode = 'swallow';
  }

  /** The engine hears nothing until `release`, even if the client has gone by then. */
  holdRequests(): void {
    this.#mode = 'hold';
  }

  /** What was held arrives; connections that missed something are closed, and the next ones are as usual. */
  async release(): Promise<void> {
    this.#mode = 'open';
    for (const link of this.#links) {
      for (const bytes of link.held.splice(0)) link.engine.write(bytes);
      if (link.broken) link.client.destroy();
    }
    // A driver needs a moment to notice, and to connect again.
    await sleep(150);
  }

  async close(): Promise<void> {
    for (const { client, engine } of this.#links) {
      client.destroy();
      engine.destroy();
    }
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    const engine = connect({ host: this.#target.hostname, port: Number(this.#target.port) });
    const link: Link = { client, engine, held: [], broken: false };
    this.#links.add(link);
    for (const socket of [client, engine]) socket.on('error', () => socket.destroy());
    client.on('data', (bytes: Buffer) => {
      if (this.#mode !== 'open') link.broken = true;
      if (this.#mode === 'hold') link.held.push(bytes);
      else engine.write(bytes);
    });
    engine.on('data', (bytes: Buffer) => {
      if (this.#mode === 'open' && !link.broken) client.write(bytes);
    });
    // A client that has given up leaves its request on the line.
    client.on('close', () => {
      if (!link.broken) engine.end();
    });
    engine.on('close', () => {
      this.#links.delete(link);
      client.destroy();
    });
  }
}
