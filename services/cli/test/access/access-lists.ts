/** The lists of deploy/access.md as an operator would carry them out. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface KafkaAcl {
  /** `User:…` */
  readonly principal: string;
  readonly operation: string;
  readonly resource: 'topic' | 'group';
  readonly name: string;
  readonly prefixed: boolean;
}

export interface ClickHouseUser {
  readonly settings: Readonly<Record<string, string>>;
  /** `PRIVILEGE on database.table` or `… on database.*`. */
  readonly grants: Set<string>;
}

const page = readFileSync(join(import.meta.dirname, '../../../../deploy/access.md'), 'utf8');
const lines = page.split('\n');

export const kafkaAcls: readonly KafkaAcl[] = lines.flatMap((line) => {
  const found = /^kafka-acls\.sh .* --allow-principal (\S+) --operation (\w+) --(topic|group) (\S+)( --resource-pattern-type prefixed)?$/.exec(line);
  if (found === null) return [];
  const [, principal = '', operation = '', resource, name = '', prefixed] = found;
  return [{ principal, operation, resource: resource === 'group' ? 'group' : 'topic', name, prefixed: prefixed !== undefined }];
});

/** The words after `ACL`, PASSWORD still in them. */
export const redisAcls: readonly (readonly string[])[] = lines.flatMap((line) => (line.startsWith('ACL SETUSER ') ? [line.split(' ').slice(1)] : []));

export function clickhouseUsers(): ReadonlyMap<string, ClickHouseUser> {
  const users = new Map<string, ClickHouseUser>();
  for (const line of lines) {
    const [, made, settings = ''] = /^CREATE USER (\w+) IDENTIFIED BY 'PASSWORD'(?: SETTINGS (.*))?;$/.exec(line) ?? [];
    if (made !== undefined) {
      const pairs = settings.split(', ').flatMap((pair) => (pair === '' ? [] : [pair.split(' = ')]));
      users.set(made, { settings: Object.fromEntries(pairs), grants: new Set() });
    }
    const [, privileges = '', table = '', user = ''] = /^GRANT (.*) ON (\S+) TO (\w+);$/.exec(line) ?? [];
    for (const privilege of privileges.split(', ')) if (privilege !== '') users.get(user)?.grants.add(`${privilege} on ${table}`);
  }
  return users;
}
