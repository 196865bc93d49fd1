/** What kafkajs is told of TLS and of who we are. */
import type { KafkaConfig, SASLOptions } from 'kafkajs';
import { createTokenSource } from './oauth-token.ts';

/** PEM texts. Without `ca` the certificates that Node trusts; `cert` and `key` come together. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** OAUTHBEARER: the client credentials grant; the token is fetched again shortly before it ends. */
export type KafkaLogin =
  | { readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'; readonly user: string; readonly password: string }
  | {
      readonly mechanism: 'OAUTHBEARER';
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly clientSecret: string;
      readonly scope?: string;
    };

const MECHANISMS = { PLAIN: 'plain', 'SCRAM-SHA-256': 'scram-sha-256', 'SCRAM-SHA-512': 'scram-sha-512' } as const;

/** `tls` undefined: in the clear. `login` undefined: nobody. */
export function securityOf(tls: TlsFiles | undefined, login: KafkaLogin | undefined): Pick<KafkaConfig, 'ssl' | 'sasl'> {
  return { ...(tls === undefined ? {} : { ssl: { ...tls } }), ...(login === undefined ? {} : { sasl: saslOf(login) }) };
}

function saslOf(login: KafkaLogin): SASLOptions {
  if (login.mechanism !== 'OAUTHBEARER') return { mechanism: MECHANISMS[login.mechanism], username: login.user, password: login.password };
  const tokens = createTokenSource(login);
  return { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: await tokens.token() }) };
}
