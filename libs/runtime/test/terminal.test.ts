/** Tests of colours and of numbers in words. */
import { expect, test } from 'vitest';
import { createStyle, formatCount, formatDuration } from '../src/terminal.ts';

const terminal = { write: () => true, isTTY: true };

test('colours are used on a terminal only', () => {
  expect(createStyle(terminal, {}).red('x')).toBe('\u001b[31mx\u001b[39m');
  expect(createStyle({ write: () => true }, {}).red('x')).toBe('x');
});

test.each([{ NO_COLOR: '1' }, { TERM: 'dumb' }, { CI: 'true' }])('%j means no colour', (env) => {
  expect(createStyle(terminal, env).bold('x')).toBe('x');
});

test('an empty NO_COLOR means nothing', () => {
  expect(createStyle(terminal, { NO_COLOR: '' }).bold('x')).not.toBe('x');
});

test.each([
  [0, '0 ms'],
  [450, '450 ms'],
  [9_740, '9.7 s'],
  [59_960, '1 min 00 s'],
  [125_000, '2 min 05 s'],
  [11_520_000, '3 h 12 min'],
])('%d ms is %s', (durationMs, words) => {
  expect(formatDuration(durationMs)).toBe(words);
});

test('counts have their thousands marked', () => {
  expect(formatCount(1_234_567)).toBe('1,234,567');
});
