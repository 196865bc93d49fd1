/** Tests that no credential survives redaction and that text from outside is bounded and printable. */
import { expect, test } from 'vitest';
import { boundText, isSecretName, printable, redactText, redactUrl } from '../src/redact.ts';

test.each([
  ['redis://user:pa55@host:6379/0', 'redis://***@host:6379/0'],
  ['redis://:p@55/w0rd@host:6379', 'redis://***@host:6379'],
  ['http://host:8123/?user=u&password=pa55&database=d', 'http://host:8123/?user=u&password=***&database=d'],
  ['http://host:8123/path', 'http://host:8123/path'],
  ['user:pa55@host', '***@host'],
  ['host:6379', 'host:6379'],
])('the URL %s becomes %s', (url, expected) => {
  expect(redactUrl(url)).toBe(expected);
});

test('credentials inside free text go, the rest stays', () => {
  const text = 'connect http://u:p1@a/x and redis://:p2@b failed; Authorization: Bearer abcdefgh.ijkl; mail me@example.org';
  expect(redactText(text)).toBe('connect http://***@a/x and redis://***@b failed; Authorization: Bearer ***; mail me@example.org');
});

test('an API key of the project goes, wherever it stands', () => {
  const key = `tmk_${'aB3_-'.repeat(9)}`.slice(0, 47);
  expect(redactText(`key=${key}, "${key}" and ${key}`)).not.toContain('aB3');
});

test('tokens and private keys go, wherever they stand', () => {
  const token = `eyJhbGciOiJub25lIn0.${'c2VjcmV0'.repeat(4)}.`;
  expect(redactText(`sent ${token} and ${token}sig_nature, once`)).toBe('sent *** and ***, once');
  const key = '-----BEGIN EC PRIVATE KEY-----\nc2VjcmV0\n-----END EC PRIVATE KEY-----';
  expect(redactText(`key ${key}; ${JSON.stringify(key)}; ${key.slice(0, 35)}`)).toBe('key ***; "***"; ***');
  expect(redactText('-----BEGIN CERTIFICATE-----\nMIIB')).toContain('MIIB');
});

test('hostile text of a megabyte is redacted in linear time', () => {
  const startedMs = performance.now();
  redactText('/'.repeat(500_000) + '//a:b?password='.repeat(30_000));
  redactText(`Bearer ${' '.repeat(500_000)}`);
  redactText('eyJ-'.repeat(250_000));
  redactText('-----BEGIN PRIVATE KEY-----'.repeat(40_000));
  expect(performance.now() - startedMs).toBeLessThan(1000);
});

test.each([
  'authorization',
  'Proxy-Authorization',
  'password',
  'redisPassword',
  'REDIS_PASSWORD',
  'apiKey',
  'api_key',
  'x-api-key',
  'accessToken',
  'set-cookie',
  'secrets',
])('%s names a secret', (name) => {
  expect(isSecretName(name)).toBe(true);
});

test.each(['key', 'partition', 'tokenCount', 'author', 'monkey', 'passwordless'])('%s names no secret', (name) => {
  expect(isSecretName(name)).toBe(false);
});

test('bounding says how much is missing and leaves no half character', () => {
  expect(boundText('abc', 3)).toBe('abc');
  expect(boundText('abcdef', 3)).toBe('abc… (3 more characters)');
  expect(boundText('ab😀cd', 3).isWellFormed()).toBe(true);
});

test('printable text holds no escape, line end or direction mark', () => {
  expect(printable('a\u001b[31mb\nc\u202ed')).toBe('a\\u{1b}[31mb\\u{a}c\\u{202e}d');
  expect(printable('Ереван ✓')).toBe('Ереван ✓');
});
