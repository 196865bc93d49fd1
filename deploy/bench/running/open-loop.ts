/** Asks at fixed instants, whether or not the answers before have come: what waits behind a slow answer is slow too. */
import { fork } from 'node:child_process';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Timed {
  /** Which of the addresses. */
  readonly index: number;
  /** From the instant at which it was due to the last byte of its answer. */
  readonly ms: number;
}

export interface OpenLoop {
  /** Asked in turn. */
  readonly urls: readonly string[];
  readonly perSecond: number;
  readonly forMs: number;
}

const answerWithinMs = 20_000;

/** Asks from a process of its own; what it asked before has warmed it. */
export class Asker {
  readonly #process = fork(join(import.meta.dirname, 'open-loop-asker.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });

  /** As `askOpenLoop`; one after the other. Throws when the process ends without an answer to each question. */
  async ask(load: OpenLoop): Promise<readonly Timed[]> {
    const told = Promise.withResolvers<readonly Timed[]>();
    const ended = (code: number | null): void => told.reject(new Error(`who asked ended with ${code} before it had all answers`));
    this.#process.once('error', told.reject).once('exit', ended);
    this.#process.once('message', (timed: readonly Timed[]) => told.resolve(timed));
    this.#process.send(load);
    try {
      return await told.promise;
    } finally {
      this.#process.removeAllListeners();
    }
  }

  close(): void {
    if (this.#process.connected) this.#process.disconnect();
  }
}

/** Addresses in turn, `perSecond` of them for `forMs`. Throws when one is not answered with 200. */
export async function askOpenLoop(
  urls: readonly string[],
  options: { readonly perSecond: number; readonly forMs: number },
): Promise<readonly Timed[]> {
  const { perSecond, forMs } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const count = Math.floor((perSecond * forMs) / 1_000);
  const beganMs = performance.now();
  const asked: Promise<Timed>[] = [];
  try {
    for (let number = 0; number < count; number++) {
      const dueMs = beganMs + (number / perSecond) * 1_000;
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      const index = number % urls.length;
      const answer = ask(urls[index] ?? '', agent).then((): Timed => ({ index, ms: performance.now() - dueMs }));
      // All are awaited below; until then none counts as unhandled.
      answer.catch(() => undefined);
      asked.push(answer);
    }
    return await Promise.all(asked);
  } finally {
    agent.destroy();
  }
}

/** Reads an answer to its end. */
function ask(url: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent, timeout: answerWithinMs }, (response) => {
      response.on('error', reject);
      response.on('end', () => (response.statusCode === 200 ? resolve() : reject(new Error(`GET ${url} answered ${response.statusCode}`))));
      response.resume();
    });
    request.on('timeout', () => request.destroy(new Error(`GET ${url} was not answered within ${answerWithinMs} ms`)));
    request.on('error', reject);
  });
}
