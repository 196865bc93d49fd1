/** A TCP proxy on loopback that stands between services and one engine, and cuts, delays and half-opens connections on demand. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** When, seen from a request, its connection breaks: before it reaches the engine, in the middle of its bytes, or when its answer comes back. */
export type CutMoment = 'before' | 'during' | 'after';
export const cutMoments: readonly CutMoment[] = ['before', 'during', 'after'];

interface Link {
  readonly client: Socket;
  readonly engine: Socket;
  /** The next bytes of the answer are dropped and the connection with them. */
  answerIsCut: boolean;
}

interface Silence {
  readonly ended: Promise<void>;
  readonly end: () => void;
  /** Whether connections that were silent are broken at the end, or go on as if nothing had been. */
  readonly forgets: boolean;
}

type Direction = 'request' | 'answer';

/** Starts a proxy on a free port; `targetPort` may be told later, before the first connection. */
export async function startTcpProxy(targetPort = 0): Promise<TcpProxy> {
  const proxy = new TcpProxy(targetPort);
  await proxy.listen();
  return proxy;
}

/** Owns the listener and all connections through it. At most one chunk a direction (64 KiB) is held beside the sockets' own buffers: what is not passed on is not read. */
export class TcpProxy {
  targetPort: number;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  #cut: { moment: CutMoment; left: number } | null = null;
  #silence: Silence | null = null;
  #delayMs = 0;
  #broken = 0;

  constructor(targetPort: number) {
    this.targetPort = targetPort;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
  }

  get port(): number {
    const address: AddressInfo | string | null = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
    return address.port;
  }

  /** Connections broken on purpose so far. */
  get broken(): number {
    return this.#broken;
  }

  async listen(): Promise<void> {
    this.#server.listen({ host: '127.0.0.1', port: 0 });
    await once(this.#server, 'listening');
  }

  /** The next so many requests lose their connection at this moment. */
  cutNext(moment: CutMoment, count: number): void {
    this.#cut = { moment, left: count };
  }

  cutAll(): void {
    for (const link of [...this.#links]) this.#break(link);
  }

  /** Each chunk, either way, waits so long; 0 ends it. */
  delay(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  /** From now on nothing passes, while connections stay open and new ones are accepted: a half-open peer. Ends with `heal`. */
  silence(options: { forgets: boolean }): void {
    if (this.#silence !== null) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#silence = { ended: promise, end: resolve, forgets: options.forgets };
  }

  /** Everything passes again. */
  heal(): void {
    this.#cut = null;
    this.#delayMs = 0;
    const silence = this.#silence;
    this.#silence = null;
    if (silence?.forgets === true) this.cutAll();
    silence?.end();
  }

  async close(): Promise<void> {
    this.heal();
    this.cutAll();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    const engine = connect({ host: '127.0.0.1', port: this.targetPort, allowHalfOpen: true, noDelay: true });
    const link: Link = { client, engine, answerIsCut: false };
    this.#links.add(link);
    // The loops notice errors while they read; these are for the moments in which nobody reads.
    client.on('error', () => this.#drop(link));
    engine.on('error', () => this.#drop(link));
    void Promise.all([this.#carry(link, 'request'), this.#carry(link, 'answer')]).finally(() => this.#drop(link));
  }

  async #carry(link: Link, direction: Direction): Promise<void> {
    const [from, to] = direction === 'request' ? [link.client, link.engine] : [link.engine, link.client];
    try {
      for await (const chunk of from) {
        if (!Buffer.isBuffer(chunk)) continue;
        await this.#hold();
        if (to.destroyed || (await this.#isCut(link, direction, chunk))) return this.#drop(link);
        await send(to, chunk);
      }
      await this.#hold();
      to.end();
    } catch {
      this.#drop(link);
    }
  }

  async #hold(): Promise<void> {
    if (this.#delayMs > 0) await sleep(this.#delayMs);
    while (this.#silence !== null) await this.#silence.ended;
  }

  /** True when the connection breaks at this chunk. */
  async #isCut(link: Link, direction: Direction, chunk: Buffer): Promise<boolean> {
    if (direction === 'answer') {
      if (link.answerIsCut) this.#broken++;
      return link.answerIsCut;
    }
    const cut = this.#cut;
    if (cut === null || link.answerIsCut) return false;
    cut.left--;
    if (cut.left <= 0) this.#cut = null;
    if (cut.moment === 'after') {
      link.answerIsCut = true;
      return false;
    }
    this.#broken++;
    if (cut.moment === 'during') await flushed(link.engine, chunk.subarray(0, chunk.length >> 1));
    return true;
  }

  #break(link: Link): void {
    this.#broken++;
    this.#drop(link);
  }

  #drop(link: Link): void {
    this.#links.delete(link);
    link.client.destroy();
    link.engine.destroy();
  }
}

/** Resolves when the socket takes more, or is gone. */
async function send(to: Socket, bytes: Buffer): Promise<void> {
  if (bytes.length === 0 || to.write(bytes) || to.destroyed) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      to.off('drain', done).off('close', done);
      resolve();
    };
    to.on('drain', done).on('close', done);
  });
}

/** Resolves when the kernel has the bytes, or the socket is gone: a connection that is dropped at once would forget them. */
function flushed(to: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    to.once('close', resolve);
    to.write(bytes, () => resolve());
  });
}
