/** What a twin lets a test do to a call: apply it, lose it before or after it applied, keep it and let it arrive late. */
import { StoreUnavailable } from '@tidemark/pipeline';

/** `apply`: as usual. `lose`: the store never saw it. `lose_reply`: applied, but the caller cannot know. */
export type Fate = 'apply' | 'lose' | 'lose_reply';

export interface StoreCall {
  /** `redis`, `clickhouse`, `checkpoint` or `archive`. */
  readonly store: string;
  readonly method: string;
  readonly lineage: string;
  readonly partition: number;
  /** Applies the call once more, now: a test keeps it to let an old call arrive late or twice. Its answer goes nowhere. */
  readonly apply: () => void;
}

/** Decides what becomes of a call. A promise holds the call back until it settles. */
export type Intercept = (call: StoreCall) => Fate | Promise<Fate>;

/** Runs one atomic call of a twin under an interceptor; throws StoreUnavailable when call or reply is lost. */
export async function underIntercept<Answer>(intercept: Intercept | undefined, call: Omit<StoreCall, 'apply'>, apply: () => Answer): Promise<Answer> {
  const fate = intercept ? await intercept({ ...call, apply: () => void apply() }) : 'apply';
  if (fate === 'lose') throw new StoreUnavailable(call.store, `${call.method}: lost on its way`);
  const answer = apply();
  if (fate === 'lose_reply') throw new StoreUnavailable(call.store, `${call.method}: its reply was lost`);
  return answer;
}
