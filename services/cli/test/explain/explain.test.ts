/** `explain` against a service that answers as the contract says: printed for people, as it is with --json, and its refusals as exit codes. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { runCommandLine } from '../../src/command-line.ts';
import { captureOutput } from '../captured-output.ts';

const ANSWER = {
  metric: 'back',
  definition: 'People who come back.',
  actor: 'ann\u001b[31m',
  kind: 'user',
  archive: { partition: 3, epoch: 0, position: '17' },
  from: '2026-11-18',
  to: '2026-11-20',
  contributions: [
    { cell: '2.retained', bucket: '2026-11-18', through: '2026-11-18', value: null, amount: 1, words: 'came back in column 2' },
    { cell: 'ever', bucket: '2026-11-18', through: '2026-11-20', value: 'a\u202eb', amount: 1, words: 'had been active' },
    { cell: 'uniques', bucket: null, through: null, value: null, amount: 1, words: 'counts once' },
  ],
  note: null,
  events: [
    { at: '2026-11-18T10:00:00.000Z', outcome: 'applied', words: 'counted', name: 'Seen\n2026 forged', plays: ['start'] },
    { at: '2026-11-19T10:00:00.000Z', outcome: 'duplicate', words: 'its messageId came before', name: null, plays: [] },
  ],
  next: '1.0.3.5',
};

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((done) => server.close(done));
});

async function serviceThat(answer: { status: number; body: object }): Promise<{ url: string; asked: IncomingMessage[] }> {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    response.writeHead(answer.status, { 'content-type': 'application/json', connection: 'close' }).end(JSON.stringify(answer.body));
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, asked };
}

async function run(args: string[], env: Record<string, string> = {}) {
  const output = captureOutput({ TIDEMARK_DATA: '/tmp/tidemark-nowhere', ...env });
  return { code: await runCommandLine(['explain', ...args], output), out: output.out(), err: output.err() };
}

describe('explain', () => {
  it('prints events and contributions, a line each, and nothing that a terminal would obey', async () => {
    const { url, asked } = await serviceThat({ status: 200, body: ANSWER });
    const { code, out, err } = await run(['back', 'a/b c', '--query', url, '--from', '2026-11-18', '--limit', '2'], { TIDEMARK_API_KEY: 'tmk_key' });
    expect(code).toBe(0);
    expect(out).toEqual([
      'back of the user ann\\u{1b}[31m  People who come back.',
      'by the archive of partition 3 up to offset 17',
      '2026-11-18T10:00:00.000Z  applied    Seen\\u{a}2026 forged  start',
      '2026-11-19T10:00:00.000Z  duplicate  -  its messageId came before',
      'adds, from 2026-11-18 to 2026-11-20',
      '  2026-11-18  2.retained  1  came back in column 2',
      '  2026-11-18 to 2026-11-20  ever  "a\\u{202e}b"  1  had been active',
      '  range  uniques  1  counts once',
    ]);
    expect(err).toEqual(['there are more events: --after 1.0.3.5']);
    expect([asked[0]?.url, asked[0]?.headers.authorization]).toEqual(['/v1/explain/back/a%2Fb%20c?from=2026-11-18&limit=2', 'Bearer tmk_key']);
  });

  it('prints the answer as it is with --json', async () => {
    const { url } = await serviceThat({ status: 200, body: ANSWER });
    expect((await run(['back', 'ann', '--query', url, '--json'])).out).toEqual([JSON.stringify(ANSWER)]);
  });

  it.each([
    [404, { code: 'unknown_metric', detail: 'no metric is called "x"' }, 2, 'no metric is called "x"'],
    [403, { code: 'forbidden', detail: 'no scope' }, 2, 'no scope (TIDEMARK_API_KEY or TIDEMARK_API_KEY_FILE gives a key)'],
    [503, { code: 'unavailable', detail: 'the archive is away' }, 4, 'the archive is away'],
    [500, {}, 4, 'it answered 500'],
  ])('a refusal with %i ends with its exit code', async (status, body, exitCode, message) => {
    const { url } = await serviceThat({ status, body });
    const { code, out, err } = await run(['x', 'ann', '--query', url]);
    expect([code, out, err]).toEqual([exitCode, [], [message]]);
  });

  it('says where it looked when nobody answers there, and when there is nowhere to look', async () => {
    expect(await run(['x', 'ann', '--query', 'http://127.0.0.1:1'])).toMatchObject({
      code: 4,
      err: [expect.stringContaining('http://127.0.0.1:1 does not answer')],
    });
    expect(await run(['x', 'ann'])).toMatchObject({ code: 2, err: [expect.stringContaining('--query')] });
  });
});
