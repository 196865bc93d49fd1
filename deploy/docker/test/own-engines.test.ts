// The stack on engines of one's own knows every variable of TLS and logins, gives them to each service, and publishes on loopback alone.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { clickhouseVariables, kafkaVariables, redisVariables } from '@tidemark/runtime';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

interface Service {
  readonly image: string;
  readonly mem_limit: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on: object;
}

const folder = join(import.meta.dirname, '..');
const read = (path: string) => parse(readFileSync(path, 'utf8'), { merge: true });
const { services }: { readonly services: Readonly<Record<string, Service>> } = read(join(folder, 'own-engines.yaml'));
const { services: whole }: { readonly services: Readonly<Record<string, Service>> } = read(join(folder, '../../docker-compose.yml'));
const ours = ['migrate', 'worker', 'archiver', 'query'];

test('the services are those of the whole stack, with the same image, command and memory', () => {
  expect(Object.keys(services)).toEqual(ours);
  for (const name of ours) {
    const { image, command, mem_limit } = services[name] ?? {};
    expect({ image, command, mem_limit }, name).toEqual({
      image: whole[name]?.image,
      command: whole[name]?.command,
      mem_limit: whole[name]?.mem_limit,
    });
  }
  expect(services['worker']?.depends_on).toEqual({ migrate: { condition: 'service_completed_successfully' } });
});

test('every variable of TLS and logins passes, secrets only as files', () => {
  const secret = /_(?:PASSWORD|CA|CERT|KEY)$/;
  const names = [kafkaVariables, redisVariables, clickhouseVariables].flatMap((variables) => Object.keys(variables));
  for (const service of ours) {
    const { environment = {} } = services[service] ?? {};
    for (const name of names) {
      const passed = secret.test(name) ? `${name}_FILE` : name;
      expect(environment[passed], passed).toBe(`\${${passed}:-}`);
      if (secret.test(name)) expect(environment).not.toHaveProperty(name);
    }
    for (const name of ['KAFKA_BROKERS', 'REDIS_URL', 'CLICKHOUSE_URL']) expect(environment[`TIDEMARK_${name}`]).toContain(`\${TIDEMARK_${name}:?`);
  }
});

test('what is published is published on loopback', () => {
  expect(ours.flatMap((name) => services[name]?.ports ?? [])).toEqual([expect.stringMatching(/^127\.0\.0\.1:/)]);
});
