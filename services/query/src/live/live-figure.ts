/** One figure that streams watch: answered once for all of them, kept with the frames that say what it is and what has changed. */
import { type AnswerBody, QueryRefused, Unavailable } from '@tidemark/pipeline';
import { type Asking, answerFigure, type FigureQuestion } from '../asking.ts';
import { Problem, type ProblemCode } from '../problems.ts';
import type { LiveEventName } from '../schemas/live.ts';
import { jsonPatch } from './json-patch.ts';

/** What a figure is asked by; `path` is also its name. */
export interface LiveQuestion extends FigureQuestion {
  readonly path: string;
}

/** What the newest evaluation gave. `sequence` grows with every change of any figure of the hub. */
interface FigureState {
  readonly sequence: number;
  /** Of the answer; null while there is none. */
  readonly etag: string | null;
  readonly body: AnswerBody | null;
  readonly problem: { readonly code: ProblemCode; readonly detail: string } | null;
}

/** A delta that is nearly as long as the body saves nothing, and a body mends what a delta cannot. */
const WORTHWHILE_DELTA = 0.6;
/** After an evaluation a figure rests for three times as long as that took, within these bounds: costly figures leave room for others. */
const REST_TIMES = 3;
const SHORTEST_REST_MS = 100;
const LONGEST_REST_MS = 600;

/** Owns the state and the frames of one figure. */
export class LiveFigure {
  readonly question: LiveQuestion;
  #state: FigureState | null = null;
  #before: { readonly sequence: number; readonly etag: string | null } | null = null;
  #snapshot: Buffer | null = null;
  #delta: Buffer | null = null;
  #evaluating: Promise<boolean> | null = null;
  #evaluatedAt = { positions: '', ms: Number.NEGATIVE_INFINITY };
  #restsUntilMs = Number.NEGATIVE_INFINITY;

  constructor(question: LiveQuestion) {
    this.question = question;
  }

  /** 0 before the first evaluation. */
  get sequence(): number {
    return this.#state?.sequence ?? 0;
  }

  get sequenceBefore(): number | null {
    return this.#before?.sequence ?? null;
  }

  /** −Infinity before the first evaluation. */
  get evaluatedAtMs(): number {
    return this.#evaluatedAt.ms;
  }

  /** Whether an evaluation may bring something new: the log has moved, or `patienceMs` have passed, in which a figure can go stale. */
  isDue(positions: string, nowMs: number, patienceMs: number): boolean {
    if (this.#evaluating !== null || nowMs < this.#restsUntilMs) return false;
    return positions !== this.#evaluatedAt.positions || nowMs - this.#evaluatedAt.ms >= patienceMs;
  }

  /** Answers the question, at most once at a time. True when the state has changed. Unexpected failures reject. */
  evaluate(asking: Asking, facts: { positions: string; nowMs: () => number; nextSequence: () => number }): Promise<boolean> {
    this.#evaluating ??= this.#evaluate(asking, facts).finally(() => {
      this.#evaluating = null;
    });
    return this.#evaluating;
  }

  /** The frame that brings a reader from the state `sequence` (0: from nothing) to the newest one. */
  frameFrom(sequence: number): Buffer | null {
    const state = this.#state;
    if (state === null || sequence === state.sequence) return null;
    if (this.#delta !== null && sequence === this.#before?.sequence) return this.#delta;
    this.#snapshot ??= this.#wholeFrame(state);
    return this.#snapshot;
  }

  async #evaluate(asking: Asking, facts: { positions: string; nowMs: () => number; nextSequence: () => number }): Promise<boolean> {
    const startedMs = facts.nowMs();
    const outcome = await answered(asking, this.question).finally(() => {
      const endedMs = facts.nowMs();
      this.#evaluatedAt = { positions: facts.positions, ms: endedMs };
      // Counted from its end, also when it failed: none follows itself at once.
      this.#restsUntilMs = endedMs + Math.min(LONGEST_REST_MS, Math.max(SHORTEST_REST_MS, REST_TIMES * (endedMs - startedMs)));
    });
    const before = this.#state;
    if (before !== null && isSame(before, outcome)) return false;
    this.#state = { ...outcome, sequence: facts.nextSequence() };
    this.#before = before;
    this.#snapshot = null;
    this.#delta = before === null ? null : this.#deltaFrame(before, this.#state);
    return true;
  }

  #wholeFrame({ body, etag, problem }: FigureState): Buffer {
    const { path, metric } = this.question;
    return body === null ? frame('problem', { path, metric, ...problem }) : frame('snapshot', { path, metric, etag, body });
  }

  #deltaFrame(before: FigureState, now: FigureState): Buffer | null {
    // What another lineage counts is another figure: it comes whole.
    if (before.body === null || now.body === null || before.body.lineage !== now.body.lineage) return null;
    const { path, metric } = this.question;
    const delta = frame('delta', { path, metric, from: before.etag, etag: now.etag, patch: jsonPatch(before.body, now.body) });
    this.#snapshot = this.#wholeFrame(now);
    return delta.length <= WORTHWHILE_DELTA * this.#snapshot.length ? delta : null;
  }
}

type Outcome = Omit<FigureState, 'sequence'>;

async function answered(asking: Asking, question: LiveQuestion): Promise<Outcome> {
  try {
    const { body, etag } = await answerFigure(asking, question);
    return { body, etag, problem: null };
  } catch (error) {
    if (error instanceof Unavailable) return { body: null, etag: null, problem: { code: 'unavailable', detail: error.message } };
    // A metric may be gone, or be another one, since another definition of its set is served.
    if (error instanceof QueryRefused || error instanceof Problem)
      return { body: null, etag: null, problem: { code: error.code, detail: error.message } };
    throw error;
  }
}

function isSame(before: FigureState, now: Outcome): boolean {
  return before.etag === now.etag && before.problem?.code === now.problem?.code;
}

/** JSON has no line ends, so an event's data is one line. */
function frame(event: LiveEventName, data: object): Buffer {
  return Buffer.from(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
