/** Exit codes, suggestions and usage of the command line. */
import { describe, expect, it } from 'vitest';
import { runCommandLine } from '../src/command-line.ts';
import { captureOutput } from './captured-output.ts';

async function run(args: string[], env: Record<string, string> = {}) {
  const output = captureOutput(env);
  return { code: await runCommandLine(args, output), out: output.out(), err: output.err() };
}

describe('a wrong command line ends with 2 and a suggestion', () => {
  it.each([
    [['evl'], "error: unknown command 'evl'", '(Did you mean eval?)'],
    [['check', '--jsn', 'x'], "error: unknown option '--jsn'", '(Did you mean --json?)'],
    [['up', '--demmo'], "error: unknown option '--demmo'", '(Did you mean --demo?)'],
    [['replay'], "error: missing required argument 'file'", '(see --help)'],
    [['eval', '--metrics', 'a.yaml', '/v1/kpis/a'], "error: required option '--events <file...>' not specified", '(see --help)'],
    [
      ['replay', 'f', '--format', 'xml'],
      "error: option '--format <format>' argument 'xml' is invalid. Allowed choices are csv, ndjson.",
      '(see --help)',
    ],
    [['doctor', 'now'], "error: too many arguments for 'doctor'. Expected 0 arguments but got 1: now.", '(see --help)'],
  ])('%j', async (args, message, hint) => {
    const { code, out, err } = await run(args);
    expect({ code, out }).toEqual({ code: 2, out: [] });
    expect(err.slice(0, 2)).toEqual([message, hint]);
  });

  it.each([
    [['replay', 'f', '--map', 'usr=a'], '--map: unknown part of an event "usr": did you mean user?'],
    [['replay', 'f', '--partitions', '0'], '"0": expected a whole number of at least 1'],
    [
      ['eval', '--metrics', 'a', '--events', 'b', '--as-of', 'noon', '/v1/kpis/a'],
      '--as-of "noon": expected an ISO time such as 2026-11-02T10:00:00Z',
    ],
    [['eval', '--metrics', 'a', '--events', 'b'], 'no path to answer: add one such as /v1/retention/ID, or - to read paths from stdin'],
    [['eval', '--metrics', '/v1/kpis/a', '--events', 'b'], '--metrics needs a file'],
    [['replay', 'f'], 'no Kafka to replay into: start one with tidemark up, or name it with --brokers or TIDEMARK_KAFKA_BROKERS'],
  ])('%j', async (args, message) => {
    expect(await run(args, { TIDEMARK_DATA: '/nowhere' })).toEqual({ code: 2, out: [], err: [message] });
  });

  it('no command at all shows the help', async () => {
    const { code, err } = await run([]);
    expect(code).toBe(2);
    expect(err[0]).toBe('Usage: tidemark [options] [command]');
  });
});

it('help goes to stdout and is no failure', async () => {
  for (const args of [['--help'], ['help'], ['eval', '--help'], ['help', 'replay']]) {
    const { code, out, err } = await run(args);
    expect({ code, err }).toEqual({ code: 0, err: [] });
    expect(out[0]).toMatch(/^Usage: tidemark/);
  }
});

it('a wrong environment ends with 3 and every mistake', async () => {
  const { code, err } = await run(['up'], { TIDEMARK_PARTITONS: '3', TIDEMARK_LATENESS: '7' });
  expect(code).toBe(3);
  expect(err).toEqual([
    'TIDEMARK_PARTITONS is not a known variable. Fix: did you mean TIDEMARK_PARTITIONS?',
    'TIDEMARK_LATENESS="7" is not valid: expected a duration with its unit (ms, s, m, h, d). Fix: set TIDEMARK_LATENESS=10s (an example)',
  ]);
});

it('definitions that cannot be used end with 3, by file, line and column', async () => {
  const { code, err } = await run(['up', '--metrics', '/nowhere/gone.yaml']);
  expect(code).toBe(3);
  expect(err).toEqual(['/nowhere/gone.yaml:1:1  there is no such file']);
});

it('a Kafka that does not answer ends with 4', { timeout: 30_000 }, async () => {
  const file = new URL('data/purchases-sample.csv', import.meta.url).pathname;
  const map = "user=customer,event='Purchase',time=date:yyyymmdd";
  const { code, err } = await run(['replay', file, '--map', map, '--brokers', '127.0.0.1:1']);
  expect(code).toBe(4);
  expect(err.at(-1)).toMatch(/^Kafka did not connect: /);
});
