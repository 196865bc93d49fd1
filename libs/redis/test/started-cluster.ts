/** Three real Redis servers that share the slots of a cluster, for tests. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startRedisServers } from '@tidemark/testing/engines';
import { Redis } from 'ioredis';

const SLOTS = 16_384;
const ARGUMENTS = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000', '--cluster-require-full-coverage', 'no'];

export interface StartedCluster {
  /** Of one of the nodes. */
  readonly url: string;
  readonly servers: Awaited<ReturnType<typeof startRedisServers>>['servers'];
  /** A connection to one node alone, which redirects. */
  direct(node: number): Redis;
  stop(): Promise<void>;
}

export async function startCluster(): Promise<StartedCluster> {
  // Nodes talk to each other on the port above by ten thousand: one below the range that the system gives away.
  const ports = [0, 1, 2].map((node) => 20_000 + ((process.pid * 7 + node * 1_117) % 2_700));
  const { servers, release } = await startRedisServers({ ports, redisArguments: ARGUMENTS });
  const clients: Redis[] = [];
  const direct = (node: number): Redis => {
    const client = new Redis(servers[node]?.addresses.redisUrl ?? '');
    clients.push(client);
    return client;
  };
  const stop = async (): Promise<void> => {
    for (const client of clients) client.disconnect();
    await release();
  };
  try {
    await joinNodes(servers.map((_, node) => direct(node)));
    return { url: servers[0]?.addresses.redisUrl ?? '', servers, direct, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Each a third of the slots; waits until every node knows. */
async function joinNodes(clients: readonly Redis[]): Promise<void> {
  for (const [index, client] of clients.entries()) {
    const from = Math.floor((SLOTS * index) / clients.length);
    const to = Math.floor((SLOTS * (index + 1)) / clients.length);
    await client.cluster(
      'ADDSLOTS',
      Array.from({ length: to - from }, (_, slot) => from + slot),
    );
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
  }
  const [first, ...others] = clients;
  for (const other of others) await first?.call('CLUSTER', 'MEET', '127.0.0.1', String(other.options.port));
  for (let waits = 0; waits < 300; waits++) {
    const states = await Promise.all(clients.map((client) => client.cluster('INFO')));
    if (states.every((state) => /cluster_state:ok/.test(state) && /cluster_slots_ok:16384/.test(state) && /cluster_known_nodes:3/.test(state)))
      return;
    await sleep(100);
  }
  throw new Error('the nodes have not become a cluster within 30 s');
}
