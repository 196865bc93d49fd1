/** Tests of the log lines as they leave the process: shape, redaction, bounds. */
import { expect, test } from 'vitest';
import { createLogger, type Logger, type LogLevel } from '../src/logging.ts';

function capture(level: LogLevel = 'info'): { logger: Logger; lines: () => Record<string, unknown>[]; raw: string[] } {
  const raw: string[] = [];
  const logger = createLogger({ service: 'worker', level, destination: { write: (line) => raw.push(line) } });
  return { logger, raw, lines: () => raw.map((line) => JSON.parse(line)) };
}

test('a line is one JSON object with level in words, ISO time and service, and children add their fields', () => {
  const { logger, lines, raw } = capture();
  logger.child({ partition: 3 }).warn({ next: 12n }, 'assigned');
  logger.debug('below the level');
  expect(raw).toHaveLength(1);
  expect(raw[0]).toMatch(/^\{.*\}\n$/);
  expect(lines()[0]).toMatchObject({ level: 'warn', service: 'worker', pid: process.pid, partition: 3, next: 12, msg: 'assigned' });
  expect(lines()[0]?.['time']).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]{12}Z$/);
});

test('integers beyond 2^53 keep every digit', () => {
  const { logger, lines } = capture();
  logger.info({ version: (5n << 48n) + 12345678901n, nested: { version: 2n ** 63n + 1n } }, 'published');
  expect(lines()[0]).toMatchObject({ version: 1407387229232181, nested: { version: '9223372036854775809' } });
});

test('secrets are blanked wherever they stand: fields, nested headers, children, URLs, messages, errors', () => {
  const { logger, raw, lines } = capture();
  const error = Object.assign(new Error('connect redis://:hunter2@h:6379 failed'), { config: { headers: { authorization: 'Basic aHVudGVyMg==' } } });
  logger
    .child({ redisPassword: 'hunter2' })
    .error({ err: error, request: { headers: { Authorization: 'Bearer hunter2hunter2' } }, url: 'http://u:hunter2@h/' }, 'at http://u:hunter2@h/x');
  logger.error(error);
  const text = raw.join('');
  expect(text).not.toMatch(/hunter2|aHVudGVyMg/);
  expect(lines()[0]).toMatchObject({
    redisPassword: '[redacted]',
    url: 'http://***@h/',
    msg: 'at http://***@h/x',
    request: { headers: { Authorization: '[redacted]' } },
  });
});

test('numbers under secret names stay, such as a count of tokens', () => {
  const { logger, lines } = capture();
  logger.info({ tokens: 5, token: 'abc' }, 'bucket');
  expect(lines()[0]).toMatchObject({ tokens: 5, token: '[redacted]' });
});

test('errors keep type, message and stack under any field name', () => {
  const { logger, lines } = capture();
  logger.error({ err: new TypeError('a'), cause: new RangeError('b') }, 'failed');
  expect(lines()[0]).toMatchObject({
    err: { type: 'TypeError', message: 'a', stack: expect.stringContaining('TypeError: a') },
    cause: { type: 'RangeError', message: 'b' },
  });
});

test('nothing that a terminal would obey stands in a line: escape sequences also in their one-byte form, directions, other line ends', () => {
  const { logger, raw, lines } = capture();
  const text = 'a\u009b2Jb\u202ec\u2028d\u007fe\u0085f\ufeff';
  logger.info({ text, [text]: 1 }, text);
  expect(raw.join('').slice(0, -1)).not.toMatch(/[\p{Cc}\u2028\u202e\ufeff]/u);
  expect(lines()[0]).toMatchObject({ text, msg: text });
});

test('hostile text is cut at 500 characters and stays on its line', () => {
  const { logger, raw, lines } = capture();
  const hostile = `\n{"level":"fatal"}\u001b[2J\u0000${'x'.repeat(1_000_000)}`;
  logger.info({ value: hostile, nested: [{ value: hostile }], list: Array.from({ length: 1000 }, (_, index) => index) }, hostile);
  expect(raw[0]?.trimEnd()).not.toMatch(/\p{Cc}/u);
  expect(raw[0]?.length).toBeLessThan(3000);
  const value = lines()[0]?.['value'];
  expect(value).toMatch(/… \(\d+ more characters\)$/);
  expect(lines()[0]?.['list']).toHaveLength(101);
});

test('a password whose URL is cut through does not show', () => {
  const { logger, raw } = capture();
  logger.info({ value: `redis://u:hunter2${'x'.repeat(30_000)}@h` }, 'long');
  expect(raw[0]).not.toContain('hunter2');
});

test('values that JSON cannot hold do not throw', () => {
  const { logger, lines } = capture();
  const circular: Record<string, unknown> = { bytes: Buffer.from('abc') };
  circular['self'] = circular;
  logger.info({ circular, missing: undefined, 'na"me': 1, big: 1n }, 'odd %s');
  expect(lines()).toHaveLength(1);
});
