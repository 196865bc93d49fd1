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

/** As `askOpenLoop`, from a process of its own. Throws when it ends without an answer to each question. */
export async function askFromOwnProcess(load: OpenLoop): Promise<readonly Timed[]> {
  const asker = fork(join(import.meta.dirname, 'open-loop-asker.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const told = Promise.withResolvers<readonly Timed[]>();
  asker.once('error', told.reject);
  asker.once('exit', (code) => told.reject(new Error(`who asked ended with ${code} before it had all answers`)));
  asker.once('message', (timed: readonly Timed[]) => told.resolve(timed));
  asker.send(load);
  return await told.promise;
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
