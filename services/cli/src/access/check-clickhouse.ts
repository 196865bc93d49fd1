/** `doctor --role`: each privilege that a role needs of ClickHouse, used on no rows. */
import { type ClickHouseConnection, ClickHouseRefused, connectClickHouse } from '@tidemark/clickhouse';
import type { Check } from '@tidemark/local';
import type { StoreAccess } from '@tidemark/runtime';
import { CLICKHOUSE_RIGHTS, CLICKHOUSE_TABLES, type ClickHouseRight, clickhouseGrant, QUERY_LIMITS, type Role } from './rights.ts';

export interface CheckedClickHouse {
  readonly url: string;
  readonly access: StoreAccess;
  readonly database: string;
}

const ACCESS_DENIED = 497;
const SYNTAX_ERROR = 62;
/** Neither database nor table. */
const ABSENT = new Set([60, 81]);

/** Throws when ClickHouse does not answer or does not let us in. */
export async function checkClickHouseRights(role: Role, { url, access, database }: CheckedClickHouse): Promise<Check[]> {
  const rights = CLICKHOUSE_RIGHTS[role];
  if (rights.length === 0) return [];
  const name = `${role} clickhouse`;
  // No database is named: ours may not be there yet, or not for this user.
  const connection = await connectClickHouse({ url, database: 'default', ...access });
  try {
    const [[user] = []] = await connection.select('SELECT currentUser()');
    const about = { name, user: String(user), database };
    const failing: Check[] = [];
    for (const right of rights)
      for (const privilege of right.privileges) failing.push(...(await checkPrivilege(connection, { ...right, privileges: [privilege] }, about)));
    if (role === 'query') failing.push(...(await checkLimits(connection, about)));
    const granted = rights.map(({ table, privileges }) => `${privileges.join(', ')} on ${database}.${table}`).join('; ');
    return failing.length > 0 ? failing : [{ name, ok: true, detail: `user ${about.user} has what it needs: ${granted}` }];
  } finally {
    await connection.close();
  }
}

interface About {
  readonly name: string;
  readonly user: string;
  readonly database: string;
}

/** Failing checks, at most one: of a right to all tables the first table that is refused stands for the rest. */
async function checkPrivilege(connection: ClickHouseConnection, right: ClickHouseRight, { name, user, database }: About): Promise<Check[]> {
  const [privilege = ''] = right.privileges;
  const fix = clickhouseGrant(right, { user, database });
  const tables = right.table === '*' ? Object.keys(CLICKHOUSE_TABLES) : [right.table];
  if (privilege.startsWith('CREATE')) {
    const granted = await grantOf(connection, privilege, database);
    return granted ? [] : [{ name, ok: false, detail: `user ${user} lacks ${privilege} on ${database}.*`, fix }];
  }
  for (const table of tables) {
    const found = await usedOn(connection, privilege, `${database}.${table}`, CLICKHOUSE_TABLES[table] ?? '');
    if (found === 'denied') return [{ name, ok: false, detail: `user ${user} lacks ${privilege} on ${database}.${table}`, fix }];
    // Before the first migration its user has nothing to read, and is not asked to.
    if (found === 'absent' && name !== 'migrate clickhouse')
      return [
        {
          name,
          ok: false,
          detail: `${privilege} on ${database}.${table} could not be tried: there is no such table yet`,
          fix: 'Run the migration, then doctor again.',
        },
      ];
  }
  return [];
}

async function usedOn(connection: ClickHouseConnection, privilege: string, table: string, column: string): Promise<'granted' | 'denied' | 'absent'> {
  try {
    if (privilege === 'SELECT') await connection.select(`SELECT * FROM ${table} LIMIT 0`);
    else await connection.run(`INSERT INTO ${table} (${column}) SELECT 0 WHERE 0`);
    return 'granted';
  } catch (error) {
    const code = codeOf(error);
    if (code === ACCESS_DENIED) return 'denied';
    if (ABSENT.has(code)) return 'absent';
    throw error;
  }
}

/** ClickHouse's number, also of an answer that counts as a store that is away; NaN for what no server answered. */
function codeOf(error: unknown): number {
  if (error instanceof ClickHouseRefused) return error.code;
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause ? Number(cause.code) : Number.NaN;
}

/** What creates something cannot be tried without leaving it behind: the server is asked for the grant. One that does not know the question is believed. */
async function grantOf(connection: ClickHouseConnection, privilege: string, database: string): Promise<boolean> {
  try {
    const [[granted] = []] = await connection.select(`CHECK GRANT ${privilege} ON ${database}.*`);
    return Number(granted) === 1;
  } catch (error) {
    if (codeOf(error) === ACCESS_DENIED) return false;
    if (codeOf(error) === SYNTAX_ERROR) return true;
    throw error;
  }
}

async function checkLimits(connection: ClickHouseConnection, { name, user }: About): Promise<Check[]> {
  const rows = await connection.select(
    "SELECT name, value FROM system.settings WHERE name IN ('readonly', 'max_execution_time', 'max_memory_usage')",
  );
  const absent = rows.filter(([, value]) => String(value) === '0').map(([setting]) => String(setting));
  if (absent.length === 0) return [];
  const wanted = Object.entries(QUERY_LIMITS).filter(([setting]) => absent.includes(setting));
  const fix = `ALTER USER ${user} SETTINGS ${wanted.map(([setting, value]) => `${setting} = ${value}`).join(', ')}`;
  return [{ name, ok: false, detail: `user ${user} has no limit by ${absent.join(', ')}`, fix }];
}
