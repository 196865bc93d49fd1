/** Who reads in a consumer group now: for commands that must not run beside a service. */
import { asking, type KafkaConnection } from './connection.ts';

const WITHOUT_MEMBERS = ['Empty', 'Dead'];

/** Those of these groups that have members, or get some just now. Throws StoreUnavailable, and an Error of one sentence where a group may not be described. */
export async function groupsWithMembers(connection: KafkaConnection, groupIds: readonly string[]): Promise<readonly string[]> {
  const { groups } = await asking('describe consumer groups', () => connection.admin.describeGroups([...groupIds]));
  return groups.filter(({ state, members }) => members.length > 0 || !WITHOUT_MEMBERS.includes(state)).map(({ groupId }) => groupId);
}

/** How many members a group has now, those included that have died and are still waited for. Throws as above. */
export async function membersOf(connection: KafkaConnection, groupId: string): Promise<number> {
  const { groups } = await asking('describe the consumer group', () => connection.admin.describeGroups([groupId]));
  return groups[0]?.members.length ?? 0;
}
