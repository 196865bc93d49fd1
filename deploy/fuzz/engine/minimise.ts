/** Makes the input of a finding as small as it can be while it still breaks the same thing. */
import { LIMITS, type StartedThread, startThread } from './started-thread.ts';

export interface Attempt {
  /** undefined: the input broke nothing. */
  readonly signature: string | undefined;
  readonly text: string;
}

/** Runs single inputs, each in a thread that has seen nothing but what was tried before. */
export class Trial {
  readonly #file: string;
  #thread: StartedThread | null = null;
  #answer: ((attempt: Attempt) => void) | null = null;

  constructor(file: string) {
    this.#file = file;
  }

  async try(input: Uint8Array): Promise<Attempt> {
    const thread = this.#thread ?? this.#start();
    const answered = new Promise<Attempt>((resolve) => {
      this.#answer = resolve;
    });
    thread.post(input);
    const ending = thread.ended.then((end): Attempt => {
      this.#thread = null;
      return end.why === 'done' ? { signature: undefined, text: '' } : { signature: end.why, text: end.text };
    });
    return Promise.race([answered, ending]);
  }

  async close(): Promise<void> {
    await this.#thread?.stop();
    this.#thread = null;
  }

  #start(): StartedThread {
    const thread = startThread(
      { file: this.#file, task: 'try', seed: 0, corpus: [] },
      (report) => {
        if (report.kind === 'failed') this.#answer?.({ signature: report.signature, text: report.text });
        if (report.kind === 'passed') this.#answer?.({ signature: undefined, text: '' });
      },
      LIMITS,
    );
    this.#thread = thread;
    return thread;
  }
}

/** Cuts pieces out, from half of the input down to single bytes, for as long as the signature stays. `tries`: at most so many runs. */
export async function minimise(input: Uint8Array, signature: string, trial: Pick<Trial, 'try'>, tries: number): Promise<Uint8Array> {
  let smallest = input;
  let left = tries;
  for (let size = Math.ceil(input.length / 2); size >= 1 && left > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < smallest.length && left > 0; ) {
      const shorter = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + size)]);
      left -= 1;
      const attempt = await trial.try(shorter);
      if (attempt.signature === signature) smallest = shorter;
      else at += size;
    }
  }
  return smallest;
}
