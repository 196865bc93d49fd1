/** `doctor --role`: each right that a role needs of Kafka, tried. */
import { connectKafka, createKafkaPermissions, type KafkaLogger, type Permission } from '@tidemark/kafka';
import type { Check } from '@tidemark/local';
import type { KafkaAccess } from '@tidemark/runtime';
import { KAFKA_RIGHTS, type KafkaRight, kafkaCommand, type Role } from './rights.ts';

export interface CheckedKafka {
  readonly brokers: readonly string[];
  readonly access: KafkaAccess;
  readonly namespace: string;
  readonly logger: KafkaLogger;
}

type Permissions = ReturnType<typeof createKafkaPermissions>;

/** Throws when the cluster does not answer or does not let us in. */
export async function checkKafkaRights(role: Role, { brokers, access, namespace, logger }: CheckedKafka): Promise<Check[]> {
  const rights = KAFKA_RIGHTS[role];
  if (rights.length === 0) return [];
  const connection = await connectKafka({ brokers, clientId: 'tidemark-doctor', namespace, logger, ...access });
  const permissions = createKafkaPermissions(connection);
  const user = userOf(access);
  const name = `${role} kafka`;
  try {
    const failing: Check[] = [];
    for (const right of rights) {
      const found = await tried(right, permissions, namespace);
      const resource = `${right.on} ${namespace}${right.suffix}${right.prefixed ? '*' : ''}`;
      if (found === 'denied')
        failing.push({
          name,
          ok: false,
          detail: `User:${user} lacks ${right.operation} on ${resource}`,
          fix: kafkaCommand(right, { user, namespace }),
        });
      if (found === 'unproven') failing.push({ name, ok: false, ...unprovenOf(right, resource) });
    }
    return failing.length > 0 ? failing : [{ name, ok: true, detail: `User:${user} has what it needs: ${rights.map(wordsOf).join(', ')}` }];
  } finally {
    await Promise.all([permissions.close(), connection.close()]);
  }
}

function unprovenOf({ operation, on }: KafkaRight, resource: string): Pick<Check, 'detail' | 'fix'> {
  return on === 'topic'
    ? {
        detail: `${operation} on ${resource} could not be tried: there is no such topic yet`,
        fix: 'Run the migration, which creates the topic, then doctor again.',
      }
    : {
        detail: `${operation} on ${resource} could not be tried: the brokers give it no coordinator yet`,
        fix: 'Wait until the brokers are up, then doctor again.',
      };
}

async function tried({ operation, on, suffix, prefixed }: KafkaRight, permissions: Permissions, namespace: string): Promise<Permission> {
  if (on === 'group') {
    const group = `${namespace}${suffix}`;
    const own = await permissions.readGroup(group);
    return own === 'granted' && prefixed ? await permissions.readGroup(`${group}.some-lineage`) : own;
  }
  const ask = {
    Describe: permissions.describeTopic,
    DescribeConfigs: permissions.describeTopicConfigs,
    Create: permissions.createTopic,
    Read: permissions.readTopic,
    Write: permissions.writeTopic,
  }[operation];
  return await ask();
}

function wordsOf({ operation, on, prefixed }: KafkaRight): string {
  return `${operation} (${on}${prefixed ? 's' : ''})`;
}

/** A certificate's name is known to the brokers alone. */
function userOf({ login, tls }: KafkaAccess): string {
  if (login !== undefined) return login.mechanism === 'OAUTHBEARER' ? login.clientId : login.user;
  return tls?.cert === undefined ? 'ANONYMOUS' : 'CN=…';
}
