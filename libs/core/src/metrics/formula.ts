/** Expressions of formulas: + − × ÷, parentheses, numbers and names, parsed to a tree and never run as code (ADR 11). */

/** A formula as a tree; `name` is one of the formula's own names. */
export type Expression =
  | { readonly node: 'number'; readonly value: number }
  | { readonly node: 'name'; readonly name: string }
  | { readonly node: 'negative'; readonly of: Expression }
  | { readonly node: 'binary'; readonly operator: Operator; readonly left: Expression; readonly right: Expression };
export type Operator = '+' | '-' | '*' | '/';

/** The text is no expression; `at` counts characters from 0. */
export class FormulaError extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(`${message} at character ${at + 1}`);
    this.name = 'FormulaError';
    this.at = at;
  }
}

const MAX_CHARACTERS = 500;
/** Parentheses and signs inside each other: bounds the recursion. */
const MAX_DEPTH = 50;
const TOKEN = /\s*(?:(\d+(?:\.\d+)?)|([A-Za-z_][A-Za-z0-9_]*)|([-+*/()]))/y;
const BINDING: Readonly<Record<Operator, number>> = { '+': 1, '-': 1, '*': 2, '/': 2 };

interface Token {
  readonly text: string;
  readonly kind: 'number' | 'name' | 'sign';
  readonly at: number;
}

/** Operators of one rank group from the left: `a - b - c` is `(a - b) - c`. Throws FormulaError. */
export function parseFormula(text: string): Expression {
  if (text.length > MAX_CHARACTERS) throw new FormulaError(`a formula has at most ${MAX_CHARACTERS} characters`, MAX_CHARACTERS);
  const tokens = tokensOf(text);
  let index = 0;
  const take = (sign: string): boolean => {
    const found = tokens[index]?.kind === 'sign' && tokens[index]?.text === sign;
    if (found) index++;
    return found;
  };
  function operand(depth: number): Expression {
    const token = tokens[index];
    if (token === undefined) throw new FormulaError('expected a number, a name or (', text.length);
    if (depth > MAX_DEPTH) throw new FormulaError(`parentheses stand at most ${MAX_DEPTH} deep`, token.at);
    if (take('-')) return { node: 'negative', of: operand(depth + 1) };
    if (take('(')) {
      const inner = sum(0, depth + 1);
      if (!take(')')) throw new FormulaError('expected )', tokens[index]?.at ?? text.length);
      return inner;
    }
    if (token.kind === 'sign') throw new FormulaError(`expected a number, a name or (, got ${token.text}`, token.at);
    index++;
    return token.kind === 'number' ? { node: 'number', value: Number(token.text) } : { node: 'name', name: token.text };
  }
  function sum(least: number, depth: number): Expression {
    let left = operand(depth);
    for (let operator = operatorAt(tokens[index]); operator !== null && BINDING[operator] > least; operator = operatorAt(tokens[index])) {
      index++;
      left = { node: 'binary', operator, left, right: sum(BINDING[operator], depth) };
    }
    return left;
  }
  const expression = sum(0, 0);
  const [extra] = tokens.slice(index);
  if (extra !== undefined) throw new FormulaError(`expected + - * / or the end, got ${extra.text}`, extra.at);
  return expression;
}

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) {
      const at = from + (text.slice(from).length - text.slice(from).trimStart().length);
      throw new FormulaError(`expected a number, a name, + - * / ( or ), got ${JSON.stringify(text[at] ?? '')}`, at);
    }
    const token = match[1] ?? match[2] ?? match[3] ?? '';
    tokens.push({
      text: token,
      kind: match[1] !== undefined ? 'number' : match[2] !== undefined ? 'name' : 'sign',
      at: TOKEN.lastIndex - token.length,
    });
  }
  return tokens;
}

function operatorAt(token: Token | undefined): Operator | null {
  if (token?.kind !== 'sign') return null;
  const { text } = token;
  return text === '+' || text === '-' || text === '*' || text === '/' ? text : null;
}

/** The names of an expression, each once, in the order of the text. */
export function namesIn(expression: Expression): readonly string[] {
  const names = new Set<string>();
  const visit = (part: Expression): void => {
    if (part.node === 'name') names.add(part.name);
    else if (part.node === 'negative') visit(part.of);
    else if (part.node === 'binary') {
      visit(part.left);
      visit(part.right);
    }
  };
  visit(expression);
  return [...names];
}

/** In doubles. Null when a name is null, over 0, and beyond what a double holds; never −0. */
export function evaluateFormula(expression: Expression, figureFor: (name: string) => number | null): number | null {
  const value = evaluate(expression, figureFor);
  return value === null ? null : value + 0;
}

function evaluate(expression: Expression, figureFor: (name: string) => number | null): number | null {
  switch (expression.node) {
    case 'number':
      return Number.isFinite(expression.value) ? expression.value : null;
    case 'name':
      return figureFor(expression.name);
    case 'negative': {
      const value = evaluate(expression.of, figureFor);
      return value === null ? null : -value;
    }
    case 'binary': {
      const left = evaluate(expression.left, figureFor);
      const right = evaluate(expression.right, figureFor);
      if (left === null || right === null) return null;
      const value = computed(expression.operator, left, right);
      return Number.isFinite(value) ? value : null;
    }
  }
}

function computed(operator: Operator, left: number, right: number): number {
  if (operator === '+') return left + right;
  if (operator === '-') return left - right;
  return operator === '*' ? left * right : left / right;
}
