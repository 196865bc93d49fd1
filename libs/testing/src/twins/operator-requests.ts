/** Requests of operators in memory, with the promises of Redis. */
import type { OperatorAnswer, OperatorRequest, OperatorRequests } from '@tidemark/pipeline';

/** Owns what was asked and answered. */
export class MemoryOperatorRequests {
  readonly requests: OperatorRequests;
  #pending: ReadonlyMap<string, OperatorRequest> = new Map();
  #answers: ReadonlyMap<string, OperatorAnswer> = new Map();

  constructor() {
    const drop = (id: string): void => {
      this.#pending = new Map([...this.#pending].filter(([of]) => of !== id));
    };
    this.requests = {
      ask: async (request) => {
        this.#pending = new Map(this.#pending).set(request.id, request);
      },
      pending: async () => [...this.#pending.values()],
      answer: async (id, answer) => {
        this.#answers = new Map(this.#answers).set(id, answer);
        drop(id);
      },
      answerTo: async (id) => this.#answers.get(id) ?? null,
      withdraw: async (id) => drop(id),
    };
  }

  /** The minute is over. */
  forget(): void {
    this.#pending = new Map();
    this.#answers = new Map();
  }
}
