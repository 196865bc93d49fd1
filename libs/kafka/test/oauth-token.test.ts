// Bearer tokens from a loopback endpoint: asked for once, kept until shortly before they end, and refused in one sentence without the secret.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { createTokenSource, type TokenOptions } from '../src/oauth-token.ts';

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(
    servers.splice(0).map((server) => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    }),
  );
});

interface Endpoint {
  readonly url: string;
  readonly requests: { readonly headers: IncomingMessage['headers']; readonly body: string }[];
}

type Answer = { readonly status?: number; readonly body: unknown; readonly location?: string };

async function endpoint(answer: (count: number) => Answer): Promise<Endpoint> {
  const requests: Endpoint['requests'] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    requests.push({ headers: request.headers, body });
    const { status = 200, body: answered, location } = answer(requests.length);
    response.writeHead(status, location === undefined ? {} : { location });
    response.end(typeof answered === 'string' ? answered : JSON.stringify(answered));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/token?realm=r`, requests };
}

const clock = { ms: 0 };
const options = (tokenUrl: string, more: Partial<TokenOptions> = {}): TokenOptions => ({
  tokenUrl,
  clientId: 'tidemark worker',
  clientSecret: 'hunter2:/+',
  nowMs: () => clock.ms,
  ...more,
});

test('the client shows its id and secret as RFC 6749 says, and names the scope', async () => {
  const { url, requests } = await endpoint(() => ({ body: { access_token: 'a.b.c', expires_in: 3600 } }));
  expect(await createTokenSource(options(url, { scope: 'kafka read' })).token()).toBe('a.b.c');
  expect(requests[0]?.body).toBe('grant_type=client_credentials&scope=kafka+read');
  const [scheme, credentials = ''] = requests[0]?.headers.authorization?.split(' ') ?? [];
  expect([scheme, Buffer.from(credentials, 'base64').toString()]).toEqual(['Basic', 'tidemark%20worker:hunter2%3A%2F%2B']);
});

test('one request serves all who ask until a minute before the end; of a short life until its half', async () => {
  const { url, requests } = await endpoint((count) => ({ body: { access_token: `t${count}`, expires_in: count === 1 ? 3600 : 60 } }));
  const source = createTokenSource(options(url));
  expect(await Promise.all([source.token(), source.token()])).toEqual(['t1', 't1']);
  clock.ms += 3_539_000;
  expect(await source.token()).toBe('t1');
  clock.ms += 2_000;
  expect(await source.token()).toBe('t2');
  clock.ms += 29_000;
  expect(await source.token()).toBe('t2');
  clock.ms += 2_000;
  expect(await source.token()).toBe('t3');
  expect(requests).toHaveLength(3);
});

test('a token of unknown life is used once', async () => {
  const { url } = await endpoint((count) => ({ body: { access_token: `t${count}` } }));
  const source = createTokenSource(options(url));
  expect([await source.token(), await source.token()]).toEqual(['t1', 't2']);
});

test.each<[string, Answer, string, boolean]>([
  [
    'a client that is not known',
    { status: 401, body: { error: 'invalid_client', error_description: 'hunter2:/+ is wrong' } },
    'refused the client tidemark worker with 401 (invalid_client, ***',
    false,
  ],
  ['an endpoint in trouble', { status: 503, body: 'hunter2:/+' }, 'answered 503', true],
  [
    'another place, where the secret is not sent',
    { status: 307, body: '', location: 'http://127.0.0.1:1/' },
    'refused the client tidemark worker with 307',
    false,
  ],
  ['a page', { body: '<html>hunter2:/+</html>' }, 'answered without an access_token', false],
  ['a token that would end the header', { body: { access_token: 'a\u0001b', expires_in: 60 } }, 'answered without an access_token', false],
])('%s is one sentence, without the secret and what stands in the URL’s question', async (_what, answer, sentence, retriable) => {
  const { url } = await endpoint(() => answer);
  const failure: unknown = await createTokenSource(options(url))
    .token()
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ retriable, message: expect.stringContaining(sentence) });
  expect(String(failure)).toContain(url.replace('?realm=r', ''));
  expect(String(failure)).not.toMatch(/hunter2|realm/);
});

test('an endpoint that is away may be asked again', async () => {
  const { url } = await endpoint(() => ({ body: '' }));
  await new Promise((resolve) => servers.pop()?.close(resolve));
  const failure: unknown = await createTokenSource(options(url))
    .token()
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ retriable: true, message: expect.stringMatching(/does not answer: .*ECONNREFUSED.*Fix: start it/) });
});
