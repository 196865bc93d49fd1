/** What the scripts of every sample world work with: their own randomness, a pace, and where their events go. */
import type { Random } from './random.ts';

/** `pace` shortens every wait: 1 is life, 0.05 lets a live demonstration show a whole story within minutes. */
export interface Scene<Draft> {
  readonly random: Random;
  readonly pace: number;
  readonly drafts: Draft[];
}

export function waitMs({ random, pace }: Scene<unknown>, lowMinutes: number, highMinutes: number): number {
  return random.between(lowMinutes, highMinutes) * 60_000 * pace;
}
