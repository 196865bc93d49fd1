/** A loopback endpoint that gives unsigned tokens to clients that it knows, as Kafka's own development validator takes them. */
import { createServer } from 'node:http';

export interface TokenEndpoint {
  readonly url: string;
  /** Requests so far. */
  readonly asked: () => number;
  close(): Promise<void>;
}

/** The token's subject is the client. */
export async function openTokenEndpoint(secrets: Readonly<Record<string, string>>, lifetimeS: number): Promise<TokenEndpoint> {
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    const [client = '', secret] = Buffer.from(request.headers.authorization?.replace(/^Basic /, '') ?? '', 'base64')
      .toString()
      .split(':');
    request.resume();
    const isKnown = secret !== undefined && secrets[client] === secret;
    response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json' });
    if (!isKnown) return response.end(JSON.stringify({ error: 'invalid_client', error_description: `${client}:${secret} is not known` }));
    const nowS = Math.floor(Date.now() / 1_000);
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const token = `${part({ alg: 'none' })}.${part({ sub: client, iat: nowS, exp: nowS + lifetimeS })}.`;
    return response.end(JSON.stringify({ access_token: token, token_type: 'Bearer', expires_in: lifetimeS }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/token`,
    asked: () => asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
