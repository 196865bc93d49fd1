/** Tests of reading the configuration: typed values, all mistakes at once, files, unknown names, no secret in a message. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { nearestName, readConfig } from '../src/config.ts';
import { choiceField, durationField, hostPortListField, integerField, portField, secretField, textField, urlField } from '../src/fields.ts';

const schema = z.object({
  TIDEMARK_BROKERS: hostPortListField(),
  TIDEMARK_PORT: portField().default(8080),
  TIDEMARK_PUBLISH_INTERVAL: durationField({ minMs: 10 }).default(250),
  TIDEMARK_LOG_LEVEL: choiceField(['debug', 'info']).default('info'),
  TIDEMARK_API_SECRET: secretField({ minChars: 8 }).optional(),
  TIDEMARK_REDIS_URL: urlField({ schemes: ['redis', 'rediss'] }).optional(),
});

function problemsOf(env: Record<string, string | undefined>): readonly string[] {
  const result = readConfig(schema, env);
  return result.ok ? [] : result.problems;
}

test('a good environment gives typed values and defaults under the same names', () => {
  const result = readConfig(schema, {
    TIDEMARK_BROKERS: 'a:9092, [::1]:9093',
    TIDEMARK_PORT: ' 0 ',
    TIDEMARK_PUBLISH_INTERVAL: '1.5s',
    HOME: '/root',
  });
  expect(result).toEqual({
    ok: true,
    config: { TIDEMARK_BROKERS: ['a:9092', '[::1]:9093'], TIDEMARK_PORT: 0, TIDEMARK_PUBLISH_INTERVAL: 1500, TIDEMARK_LOG_LEVEL: 'info' },
  });
});

test('all mistakes are reported at once, each with variable, expectation and fix', () => {
  expect(problemsOf({ TIDEMARK_PORT: '80a', TIDEMARK_PUBLISH_INTERVAL: '5', TIDEMARK_LOG_LEVEL: 'loud', TIDEMARK_PROT: '1' })).toEqual([
    'TIDEMARK_PROT is not a known variable. Fix: did you mean TIDEMARK_PORT?',
    'TIDEMARK_BROKERS is not set: expected host:port pairs, separated by commas. Fix: set TIDEMARK_BROKERS=127.0.0.1:9092',
    'TIDEMARK_PORT="80a" is not valid: expected a port number from 0 to 65535 (0 = any free port). Fix: set TIDEMARK_PORT=8080 (an example)',
    'TIDEMARK_PUBLISH_INTERVAL="5" is not valid: expected a duration with its unit (ms, s, m, h, d), at least 10ms. Fix: set TIDEMARK_PUBLISH_INTERVAL=10s (an example)',
    'TIDEMARK_LOG_LEVEL="loud" is not valid: expected one of debug, info. Fix: set TIDEMARK_LOG_LEVEL=debug (an example)',
  ]);
});

test('an empty variable counts as not set', () => {
  expect(problemsOf({ TIDEMARK_BROKERS: '' })[0]).toMatch(/^TIDEMARK_BROKERS is not set/);
  expect(problemsOf({ TIDEMARK_BROKERS: 'a:1', TIDEMARK_PORT: '', TIDEMARK_PORT_FILE: '' })).toEqual([]);
});

test('names that other services read, files and the parent watch are known; other prefixes are nobody’s business', () => {
  const env = { TIDEMARK_BROKERS: 'a:1', TIDEMARK_OTHER: 'x', TIDEMARK_OTHER_FILE: '/x', TIDEMARK_PARENT_WATCH: 'stdin', OTHER_PORT: 'x' };
  expect(readConfig(schema, env, { knownNames: ['TIDEMARK_OTHER'] }).ok).toBe(true);
  expect(readConfig(schema, env).ok).toBe(false);
});

test('an unknown name near nothing is to be unset', () => {
  expect(problemsOf({ TIDEMARK_BROKERS: 'a:1', TIDEMARK_ZZZZZZZZZZ: '1' })).toEqual(['TIDEMARK_ZZZZZZZZZZ is not a known variable. Fix: unset it']);
});

test('neither a wrong secret nor a URL’s password is in a message', () => {
  const problems = problemsOf({ TIDEMARK_BROKERS: 'a:1', TIDEMARK_API_SECRET: 'hunter2', TIDEMARK_REDIS_URL: 'rediz://:hunter2@h/0' }).join('\n');
  expect(problems).toContain('TIDEMARK_API_SECRET is not valid: expected a secret of at least 8 characters');
  expect(problems).toContain('TIDEMARK_REDIS_URL="rediz://***@h/0" is not valid');
  expect(problems).not.toContain('hunter2');
});

test('a secret is read from a real file, without its last line end', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-config-'));
  try {
    const path = join(folder, 'secret');
    writeFileSync(path, 'correct horse\n');
    const result = readConfig(schema, { TIDEMARK_BROKERS: 'a:1', TIDEMARK_API_SECRET_FILE: path });
    expect(result.ok && result.config.TIDEMARK_API_SECRET).toBe('correct horse');
    writeFileSync(path, 'x'.repeat(70_000));
    expect(problemsOf({ TIDEMARK_BROKERS: 'a:1', TIDEMARK_API_SECRET_FILE: path })).toEqual([expect.stringContaining('at most 65536 are read')]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a file that cannot be read, and a value beside a file, are one problem each', () => {
  const env = { TIDEMARK_BROKERS_FILE: '/nowhere/at/all', TIDEMARK_API_SECRET: 'long enough', TIDEMARK_API_SECRET_FILE: '/x' };
  expect(problemsOf(env)).toEqual([
    expect.stringMatching(/^TIDEMARK_BROKERS_FILE: cannot read \/nowhere\/at\/all: ENOENT.*Fix: /),
    'TIDEMARK_API_SECRET and TIDEMARK_API_SECRET_FILE are both set. Fix: keep one of them',
  ]);
});

test('fields made by zod itself, refined fields and rules across fields are reported too', () => {
  const mixed = z
    .object({
      TIDEMARK_LOW: integerField(),
      TIDEMARK_HIGH: integerField().refine((high) => high !== 13, 'expected no 13'),
      TIDEMARK_TAG: z.string().max(3).optional(),
    })
    .refine((config) => config.TIDEMARK_LOW <= config.TIDEMARK_HIGH, 'TIDEMARK_LOW must not exceed TIDEMARK_HIGH');
  expect(readConfig(mixed, { TIDEMARK_LOW: '2', TIDEMARK_HIGH: '1' })).toEqual({
    ok: false,
    problems: ['TIDEMARK_LOW must not exceed TIDEMARK_HIGH'],
  });
  const wrong = readConfig(mixed, { TIDEMARK_LOW: '1', TIDEMARK_HIGH: '13', TIDEMARK_TAG: 'four' });
  expect(wrong.ok ? [] : wrong.problems).toEqual([
    'TIDEMARK_HIGH="13" is not valid: expected no 13. Fix: set TIDEMARK_HIGH=0 (an example)',
    expect.stringMatching(/^TIDEMARK_TAG="four" is not valid: .*Fix: correct TIDEMARK_TAG$/),
  ]);
});

test('hostile values are cut and cannot break the line', () => {
  const [problem = ''] = problemsOf({ TIDEMARK_BROKERS: `\u001b[2J\n${'x'.repeat(100_000)}` });
  expect(problem.length).toBeLessThan(400);
  expect(problem).not.toMatch(/\p{Cc}/u);
});

test('a text field keeps to its pattern', () => {
  const named = z.object({ NAME: textField({ pattern: /^[a-z]+$/, expected: 'lower case letters', example: 'cars' }) });
  expect(readConfig(named, { NAME: 'cars' })).toEqual({ ok: true, config: { NAME: 'cars' } });
  expect(readConfig(named, { NAME: 'Cars' }).ok).toBe(false);
});

test('the nearest name is the one with the fewest typing errors', () => {
  expect(nearestName('TIDEMARK_LOG_LEVL', ['TIDEMARK_LOG_LEVEL', 'TIDEMARK_PORT'])).toBe('TIDEMARK_LOG_LEVEL');
  expect(nearestName('TIDEMARK_XYZ', ['TIDEMARK_LOG_LEVEL'])).toBeUndefined();
});
