// Whose copies of the state are given up: lineages that were retired long enough ago, and no others.
import { journalEntry } from '@tidemark/testing/contracts';
import { expect, test } from 'vitest';
import { retiredBefore } from '../src/past.ts';

test('copies are given up of what was retired before that time, also by a drop, and not of what was started again', () => {
  const [old, dropped, again, served] = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(16));
  const entry = (sequence: number, kind: 'start' | 'retire' | 'drop', lineage = '', set = 'shop') => journalEntry(sequence, { kind, lineage, set });
  const entries = [
    ...[entry(1, 'start', old), entry(2, 'start', again), entry(3, 'start', served), entry(4, 'start', dropped, 'other')],
    ...[entry(5, 'retire', old), entry(6, 'retire', again), entry(7, 'drop', dropped, 'other'), entry(8, 'start', again)],
  ];
  const atMs = (sequence: number): number => journalEntry(sequence).atMs;
  expect(retiredBefore(entries, atMs(7))).toEqual([old]);
  expect(new Set(retiredBefore(entries, atMs(9)))).toEqual(new Set([old, dropped]));
});
