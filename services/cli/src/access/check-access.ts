/** `doctor --role`: what a role lacks at the engines whose addresses are given, each right tried by using it; nothing is left behind. */
import type { Check } from '@tidemark/local';
import { redactText } from '@tidemark/runtime';
import type { CliConfig } from '../config.ts';
import { kafkaMessages } from '../kafka-messages.ts';
import type { Output } from '../terminal-output.ts';
import { checkClickHouseRights } from './check-clickhouse.ts';
import { checkKafkaRights } from './check-kafka.ts';
import { checkRedisRights } from './check-redis.ts';
import { CLICKHOUSE_RIGHTS, KAFKA_RIGHTS, REDIS_COMMANDS, type Role } from './rights.ts';

/** Never rejects; an engine that a role needs and nobody named is a failing check. */
export async function checkAccess(role: Role, config: CliConfig, output: Output): Promise<Check[]> {
  const { access, namespace, kafkaBrokers, redisUrl, clickhouseUrl, clickhouseDatabase: database } = config;
  const parts: Promise<Check[]>[] = [];
  const part = (engine: string, variable: string, check: (() => Promise<Check[]>) | null): void => {
    const name = `${role} ${engine}`;
    const unnamed = {
      name,
      ok: false,
      detail: `the ${role} needs it, and ${variable} is not set`,
      fix: `Set ${variable}, and doctor again with the ${role}'s login.`,
    };
    parts.push(check === null ? Promise.resolve([unnamed]) : check().catch((error: unknown) => [failed(name, engine, error)]));
  };
  const logger = kafkaMessages(output);
  if (KAFKA_RIGHTS[role].length > 0)
    part(
      'kafka',
      'TIDEMARK_KAFKA_BROKERS',
      kafkaBrokers === null ? null : () => checkKafkaRights(role, { brokers: kafkaBrokers, access: access.kafka, namespace, logger }),
    );
  if (REDIS_COMMANDS[role].length > 0)
    part('redis', 'TIDEMARK_REDIS_URL', redisUrl === null ? null : () => checkRedisRights(role, { url: redisUrl, access: access.redis, namespace }));
  if (CLICKHOUSE_RIGHTS[role].length > 0)
    part(
      'clickhouse',
      'TIDEMARK_CLICKHOUSE_URL',
      clickhouseUrl === null ? null : () => checkClickHouseRights(role, { url: clickhouseUrl, access: access.clickhouse, database }),
    );
  return (await Promise.all(parts)).flat();
}

function failed(name: string, engine: string, error: unknown): Check {
  const detail = redactText(error instanceof Error ? error.message : String(error)).slice(0, 300);
  return { name, ok: false, detail, fix: remedyOf(engine, detail) ?? `Mend what is said, then doctor again.` };
}

/** The fix of a failure that TLS or a login is behind; null for any other. */
export function remedyOf(engine: string, detail: string): string | null {
  const prefix = `TIDEMARK_${engine.toUpperCase()}`;
  if (/certificate|altname|self.signed|unable to verify/i.test(detail))
    return `Set ${prefix}_TLS_CA_FILE to the PEM file of the authority that signed the certificate, and use a name that the certificate has.`;
  if (/\bssl3?\b|wrong version number|EPROTO|packet length/i.test(detail))
    return engine === 'kafka'
      ? `One side speaks TLS and the other does not: set ${prefix}_TLS, or use the other port.`
      : `One side speaks TLS and the other does not: correct the scheme or the port of ${prefix}_URL.`;
  if (/WRONGPASS|NOAUTH|SASL|authentication failed|token endpoint/i.test(detail))
    return `Check ${engine === 'kafka' ? `${prefix}_SASL, ` : ''}${prefix}_USER and ${prefix}_PASSWORD against what the server knows.`;
  return null;
}
