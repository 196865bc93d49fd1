/** Bearer tokens by OAuth 2's client credentials grant: one is fetched when it is needed, and kept until shortly before it ends. */
import kafkajs from 'kafkajs';

export interface TokenOptions {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope?: string;
  /** Default: the machine's monotonic clock. */
  readonly nowMs?: () => number;
}

export interface TokenSource {
  /** Throws a KafkaJSError of one sentence: retriable when the endpoint is away, not so when it refuses the client. */
  token(): Promise<string>;
}

interface Held {
  readonly value: string;
  readonly renewAtMs: number;
}

const TIMEOUT_MS = 5_000;
/** Connections authenticate anew ten seconds before their token ends: by then it must be another one. */
const RENEW_BEFORE_MS = 60_000;
/** What may stand in a header: anything else would end the message of SASL early. */
const TOKEN = /^[\x21-\x7e]{1,65536}$/;

/** Calls at the same time share one request. */
export function createTokenSource(options: TokenOptions): TokenSource {
  const nowMs = options.nowMs ?? (() => performance.now());
  let held: Held | null = null;
  let asking: Promise<string> | null = null;
  const renew = async (): Promise<string> => {
    const { value, lifetimeMs } = await requestToken(options);
    // Without a lifetime nobody knows how long it may be kept: it is used once.
    held = { value, renewAtMs: nowMs() + lifetimeMs - Math.min(RENEW_BEFORE_MS, lifetimeMs / 2) };
    return value;
  };
  return {
    token: () => {
      if (held !== null && nowMs() < held.renewAtMs) return Promise.resolve(held.value);
      asking ??= renew().finally(() => {
        asking = null;
      });
      return asking;
    },
  };
}

async function requestToken(options: TokenOptions): Promise<{ value: string; lifetimeMs: number }> {
  const { clientId, clientSecret, scope } = options;
  // RFC 6749 §2.3.1: each part is form-encoded before they are joined.
  const credentials = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64');
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) });
  let response: Response;
  let text: string;
  try {
    response = await fetch(options.tokenUrl, {
      method: 'POST',
      headers: { authorization: `Basic ${credentials}`, accept: 'application/json' },
      body,
      // Credentials go where the operator said, and nowhere else.
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    text = await response.text();
  } catch (error) {
    throw failure(options, `does not answer: ${reasonOf(error)}. Fix: start it, or correct TIDEMARK_KAFKA_TOKEN_URL`, true);
  }
  if (response.status >= 500 || response.status === 429) throw failure(options, `answered ${response.status}`, true);
  const answer = jsonOf(text);
  if (!response.ok) {
    const told = [answer['error'], answer['error_description']].filter((part) => typeof part === 'string').join(', ');
    throw failure(
      options,
      `refused the client ${clientId} with ${response.status}${told === '' ? '' : ` (${told})`}. Fix: check TIDEMARK_KAFKA_USER, its password and TIDEMARK_KAFKA_TOKEN_SCOPE`,
      false,
    );
  }
  const { access_token: value, expires_in: seconds } = answer;
  if (typeof value !== 'string' || !TOKEN.test(value))
    throw failure(options, 'answered without an access_token. Fix: correct TIDEMARK_KAFKA_TOKEN_URL', false);
  const lifetimeMs = Number(seconds) * 1_000;
  return { value, lifetimeMs: Number.isFinite(lifetimeMs) && lifetimeMs > 0 ? lifetimeMs : 0 };
}

/** What an endpoint says may echo what it was sent. */
function failure({ tokenUrl, clientSecret }: TokenOptions, what: string, retriable: boolean): Error {
  const { origin, pathname } = new URL(tokenUrl);
  const said = [clientSecret, encodeURIComponent(clientSecret)].reduce((text, secret) => text.replaceAll(secret, '***'), what).slice(0, 500);
  const message = `the token endpoint ${origin}${pathname} ${said}`;
  return retriable ? new kafkajs.KafkaJSError(message, { retriable: true }) : new kafkajs.KafkaJSNonRetriableError(message);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `nothing within ${TIMEOUT_MS / 1_000} s`;
  return error.cause instanceof Error ? error.cause.message : error.message;
}

function jsonOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
