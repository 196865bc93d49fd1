/** A funnel's worked example answered twice: by the oracle, and by the engine, which must say the same. */
import { expect } from 'vitest';
import type { FunnelAnswer } from '../../src/answer.ts';
import type { FunnelDefinition } from '../../src/definition.ts';
import { type Asked, answerOf } from '../recompute/examples.ts';
import { foldedAnswer } from './folded.ts';

export function answered(metric: FunnelDefinition, asked: Asked): FunnelAnswer {
  const answer = answerOf.funnel(metric, asked);
  expect(foldedAnswer(metric, asked)).toEqual(answer);
  return answer;
}
