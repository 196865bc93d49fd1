// Media types and tags as RFC 9110 reads them.
import { describe, expect, it } from 'vitest';
import { hasTag, preferredType } from '../src/negotiation.ts';

const OFFERED = ['application/json', 'text/csv'] as const;

describe('the preferred type', () => {
  it.each([
    [undefined, 'application/json'],
    ['', 'application/json'],
    ['*/*', 'application/json'],
    ['text/csv', 'text/csv'],
    ['TEXT/CSV; header=present', 'text/csv'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'application/json'],
    ['application/json;q=0.2, text/csv;q=0.9', 'text/csv'],
    ['text/*', 'text/csv'],
    ['*/*, application/json;q=0', 'text/csv'],
    ['application/xml', null],
    ['text/csv;q=0', null],
    ['text/csv;q=nonsense', null],
  ] as const)('of %s is %s', (accept, expected) => {
    expect(preferredType(accept, OFFERED)).toBe(expected);
  });
});

describe('a tag', () => {
  it.each([
    [undefined, false],
    ['"a"', true],
    ['W/"a"', true],
    ['"x", "a"', true],
    ['*', true],
    ['"x"', false],
    ['a', false],
  ] as const)('in If-None-Match: %s is the one at hand: %s', (header, expected) => {
    expect(hasTag(header, '"a"')).toBe(expected);
  });
});
