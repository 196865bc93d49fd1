/** The expression language of formulas: what it reads, what it refuses, and where it says null. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Expression, evaluateFormula, FormulaError, namesIn, parseFormula } from '../../src/metrics/formula.ts';

const names: Readonly<Record<string, number | null>> = { a: 12, b: 3, zero: 0, none: null, _x1: 0.5 };
const valueIn = (text: string): number | null => evaluateFormula(parseFormula(text), (name) => names[name] ?? null);

describe('a formula', () => {
  it.each([
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['10 - 4 - 3', 3],
    ['a / b / 2', 2],
    ['2 * a - b / 3', 23],
    ['-a + --b', -9],
    ['a*-_x1', -6],
    ['0.25*a', 3],
    ['\t( ( a ) )\n', 12],
    ['-zero', 0],
  ])('%j is %d', (text, value) => {
    expect(valueIn(text)).toBe(value);
  });

  it('is null over 0, of a null name, and beyond what a double holds, whatever stands around it', () => {
    for (const text of [
      'a / zero',
      'zero / zero',
      '1 + a / (b - 3)',
      'none + 1',
      '9'.repeat(400),
      'zero * none',
      `${'9'.repeat(240)} * ${'9'.repeat(240)}`,
    ])
      expect(valueIn(text)).toBeNull();
  });

  it.each([
    ['', 'expected a number, a name or ( at character 1'],
    ['a +', 'expected a number, a name or ( at character 4'],
    ['a b', 'expected + - * / or the end, got b at character 3'],
    ['(a', 'expected ) at character 3'],
    ['a)', 'expected + - * / or the end, got ) at character 2'],
    ['a % b', 'expected a number, a name, + - * / ( or ), got "%" at character 3'],
    ['a.constructor', 'expected a number, a name, + - * / ( or ), got "." at character 2'],
    ['a[0]', 'expected a number, a name, + - * / ( or ), got "[" at character 2'],
    ['a(b)', 'expected + - * / or the end, got ( at character 2'],
    ['1e5', 'expected + - * / or the end, got e5 at character 2'],
    ['a ** b', 'expected a number, a name or (, got * at character 4'],
  ])('%j is refused', (text, message) => {
    expect(() => parseFormula(text)).toThrow(new FormulaError(message.replace(/ at character \d+$/, ''), Number(/\d+$/.exec(message)?.[0]) - 1));
  });

  it('is bounded: 500 characters, 50 parentheses or signs inside each other', () => {
    expect(valueIn(`${'('.repeat(50)}a${')'.repeat(50)}`)).toBe(12);
    expect(() => parseFormula(`${'('.repeat(52)}a${')'.repeat(52)}`)).toThrow(FormulaError);
    expect(() => parseFormula('-'.repeat(400))).toThrow(FormulaError);
    expect(() => parseFormula(`a${'+a'.repeat(250)}`)).toThrow('at most 500 characters');
  });

  it('knows its names', () => {
    expect(namesIn(parseFormula('b + a / (b - toString) * -a'))).toEqual(['b', 'a', 'toString']);
  });

  it('reads back whatever was written of a tree, and gives what the tree gives', () => {
    const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
      expression: fc.oneof(
        { maxDepth: 4 },
        fc.integer({ min: 0, max: 99 }).map((value): Expression => ({ node: 'number', value })),
        fc.constantFrom('a', 'b', 'zero', 'none').map((name): Expression => ({ node: 'name', name })),
        tie('expression').map((of): Expression => ({ node: 'negative', of })),
        fc
          .tuple(fc.constantFrom('+', '-', '*', '/'), tie('expression'), tie('expression'))
          .map(([operator, left, right]): Expression => ({ node: 'binary', operator, left, right })),
      ),
    }));
    fc.assert(
      fc.property(expression, (tree) => {
        const text = written(tree);
        fc.pre(text.length <= 500);
        expect(parseFormula(text)).toEqual(tree);
      }),
    );
  });
});

function written(tree: Expression): string {
  switch (tree.node) {
    case 'number':
      return String(tree.value);
    case 'name':
      return tree.name;
    case 'negative':
      return `-(${written(tree.of)})`;
    case 'binary':
      return `(${written(tree.left)}) ${tree.operator} (${written(tree.right)})`;
  }
}
