/** The port to what operators ask of whoever holds a partition: seldom, one partition at a time, answered once. */

/** `resume`: a halted partition starts again. `republish`: all of its rows are written to ClickHouse again. */
export const OPERATOR_ACTS = ['resume', 'republish'] as const;
export type OperatorAct = (typeof OPERATOR_ACTS)[number];

export interface OperatorRequest {
  /** Unique. */
  readonly id: string;
  readonly act: OperatorAct;
  readonly lineage: string;
  readonly partition: number;
}

export interface OperatorAnswer {
  readonly outcome: 'done' | 'refused';
  /** The incarnation of the worker that answers. */
  readonly by: string;
  /** One sentence. It may quote what came from outside; at most 1,000 characters. */
  readonly detail: string;
}

/** Requests and answers are forgotten after a minute: one that nobody took is not acted upon later. Every method throws StoreUnavailable. */
export interface OperatorRequests {
  ask(request: OperatorRequest): Promise<void>;
  /** Those that are not answered, in no promised order. What is no request is passed over. */
  pending(): Promise<readonly OperatorRequest[]>;
  /** Takes the request away; of two answers the later stays. */
  answer(id: string, answer: OperatorAnswer): Promise<void>;
  /** Null while there is none. */
  answerTo(id: string): Promise<OperatorAnswer | null>;
  /** Takes a request back; a worker that has begun goes on. */
  withdraw(id: string): Promise<void>;
}

/** A request among what a store holds; null for anything else. */
export function readOperatorRequest(value: unknown): OperatorRequest | null {
  if (typeof value !== 'object' || value === null) return null;
  const { id, act, lineage, partition }: Readonly<Record<string, unknown>> = { ...value };
  const known = OPERATOR_ACTS.find((each) => each === act);
  if (known === undefined || typeof id !== 'string' || typeof lineage !== 'string') return null;
  if (typeof partition !== 'number' || !Number.isSafeInteger(partition) || partition < 0) return null;
  return { id, act: known, lineage, partition };
}

/** An answer as a store holds it; null for anything else. */
export function readOperatorAnswer(value: unknown): OperatorAnswer | null {
  if (typeof value !== 'object' || value === null) return null;
  const { outcome, by, detail }: Readonly<Record<string, unknown>> = { ...value };
  if ((outcome !== 'done' && outcome !== 'refused') || typeof by !== 'string' || typeof detail !== 'string') return null;
  return { outcome, by, detail };
}
