// Text from outside is shown whole: nothing in it hides or moves its neighbours.
import { hostileNames } from '@tidemark/testing';
import { describe, expect, it } from 'vitest';
import { visible } from '../src/show/visible.ts';

describe('text from outside', () => {
  it.each([
    ['plain', 'Order Completed', 'Order Completed'],
    ['other scripts', 'مرحبا 注文 заказ', 'مرحبا 注文 заказ'],
    ['turned about', 'a\u202eb', 'a‹U+202E›b'],
    ['nothing to see', 'a\u200bb\u00adc', 'a‹U+200B›b‹U+00AD›c'],
    ['control characters', 'a\u0000\u001b[31m\u007f', 'a‹U+0000›‹U+001B›[31m‹U+007F›'],
    ['line ends', 'a\nb\u2028c', 'a‹U+000A›b‹U+2028›c'],
    ['spaces that nobody sees', ' a b\u00a0', '‹U+0020›a b‹U+00A0›'],
    ['half a letter', 'a\ud800b', 'a‹U+D800›b'],
    ['one picture of three', '👩\u200d👩\u200d👧', '👩\u200d👩\u200d👧'],
    ['a joiner in a word', 'pay\u200dment', 'pay‹U+200D›ment'],
  ])('%s', (_, given, shown) => {
    expect(visible(given)).toBe(shown);
  });

  it('keeps the lines of a text that is laid out', () => {
    expect(visible('{\n\t"a": "\u202e"\n}', { lines: true })).toBe('{\n\t"a": "‹U+202E›"\n}');
  });

  it('leaves nothing unseen in any hostile name', () => {
    const unseen = hostileNames.map((name) => visible(name)).filter((shown) => /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u.test(shown));
    expect(unseen).toEqual([]);
  });
});
