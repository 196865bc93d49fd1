/** `doctor --role`: each command that a role sends to Redis, tried on a key that is gone afterwards. */
import type { Check } from '@tidemark/local';
import { connectRedis, deniedRedisCommands } from '@tidemark/redis';
import type { StoreAccess } from '@tidemark/runtime';
import { REDIS_COMMANDS, type Role } from './rights.ts';

export interface CheckedRedis {
  readonly url: string;
  readonly access: StoreAccess;
  readonly namespace: string;
}

/** Throws when Redis does not answer or does not let us in. */
export async function checkRedisRights(role: Role, { url, access, namespace }: CheckedRedis): Promise<Check[]> {
  const commands = REDIS_COMMANDS[role];
  if (commands.length === 0) return [];
  const name = `${role} redis`;
  const connection = await connectRedis({ url, namespace, ...access });
  try {
    const inUrl = decodeURIComponent(new URL(url).username);
    const user = access.user ?? (inUrl === '' ? 'default' : inUrl);
    const denials = await deniedRedisCommands(connection, commands);
    const keys = `tidemark:${namespace}:*`;
    if (denials.some(({ lacks }) => lacks === 'keys'))
      return [{ name, ok: false, detail: `user ${user} may not touch the keys ${keys}`, fix: `ACL SETUSER ${user} ~${keys}` }];
    if (denials.length === 0) return [{ name, ok: true, detail: `user ${user} may run all ${commands.length} commands on ${keys}` }];
    return denials.map(({ command }) => ({
      name,
      ok: false,
      detail: `user ${user} may not run ${command.toUpperCase()}`,
      fix: `ACL SETUSER ${user} +${command}`,
    }));
  } finally {
    await connection.close();
  }
}
