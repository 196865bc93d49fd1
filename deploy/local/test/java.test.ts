// Which Java is good enough, and the sentence when none is.
import { expect, test } from 'vitest';
import { findJava, javaMajor, javaProblem } from '../src/java.ts';

test.each([
  ['openjdk version "17.0.15" 2025-04-15', 17],
  ['java version "1.8.0_392"', 8],
  ['openjdk version "25" 2025-09-16', 25],
  ['no such thing', undefined],
])('%j is version %s', (text, major) => {
  expect(javaMajor(text)).toBe(major);
});

test('too old and missing are each one sentence with the fix', () => {
  expect(javaProblem({ path: 'java', major: 17 })).toBeUndefined();
  expect(javaProblem({ path: '/opt/java', major: 11 })).toMatch(
    /^Java 17 or newer .*\(found 11 at \/opt\/java\); install it, .* or set TIDEMARK_KAFKA_BROKERS to a running Kafka\.$/,
  );
  expect(javaProblem(undefined)).toContain('(none was found)');
});

test('where nothing is on the PATH none is found', async () => {
  expect(await findJava({ PATH: '/nonexistent' })).toBeUndefined();
});
