// The fit gives back the exponent of points that lie on a power law.
import { expect, it } from 'vitest';
import { fittedExponent } from '../in-process/fitted-exponent.ts';

it('finds the exponent of a power law, 0 of a constant, and none of one size', () => {
  const sizes = [1, 2, 4, 8];
  expect(fittedExponent(sizes.map((size) => [size, 3 * size ** 1.5]))).toBeCloseTo(1.5, 10);
  expect(fittedExponent(sizes.map((size) => [size, 7]))).toBeCloseTo(0, 10);
  expect(fittedExponent([[5, 1]])).toBeNaN();
});
