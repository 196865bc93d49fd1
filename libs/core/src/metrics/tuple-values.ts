/** The values of a tuple in an answer: kinds find rows by a value's text, readers get the array that it stands for. */
import type { Answer, AnswerRequest, SliceValue } from '../answer.ts';
import { REST_VALUE } from './slicing.ts';

/** Turns, in place, each slice value of a fresh answer into the array of its members' values; of a plain slice, and of the total, there is nothing to do. */
export function showTuples(answer: Answer, { slice }: AnswerRequest): Answer {
  if (slice === undefined || !slice.includes(',')) return answer;
  if ('cohorts' in answer) {
    for (const cohort of answer.cohorts) cohort.value = shown(cohort.value);
    for (const pooled of answer.overall) pooled.value = shown(pooled.value);
  } else if ('slices' in answer) {
    for (const each of answer.slices ?? []) {
      each.value = shown(each.value);
      if ('stickiness' in each) for (const bucket of each.buckets) bucket.value = shown(bucket.value);
    }
  }
  return answer;
}

function shown<Value extends SliceValue | null>(text: Value): Value | string[] {
  return typeof text === 'string' && text !== REST_VALUE ? partsOf(text) : text;
}

function partsOf(text: string): string[] {
  const parts: unknown = JSON.parse(text);
  if (!Array.isArray(parts)) throw new Error(`${text} is no value of a tuple`);
  return parts.map(String);
}
