/** `resume`: a halted partition starts again once its cause is removed; while the cause plainly stands, it says so and asks nobody. */
import { type ClickHouseConnection, createClickHouseCellReader, createClickHousePartitionArchive } from '@tidemark/clickhouse';
import type { KafkaConnection } from '@tidemark/kafka';
import { haltCodeOf, type OperatorAnswer } from '@tidemark/pipeline';
import { createRedisCellReader, createRedisCheckpointStore, createRedisOperatorRequests, type RedisConnection } from '@tidemark/redis';
import { type ExitCode, exitCodes, printable, systemClock } from '@tidemark/runtime';
import type { Output } from '../terminal-output.ts';
import { askOwner } from './ask-owner.ts';
import { type Deployment, openClickHouse, openKafka, openRedis } from './deployment.ts';
import { deploymentLog, readEpochs } from './deployment-log.ts';
import { chosenLineage, type KnownLineage, knownLineages } from './lineages.ts';
import { type HaltFacts, standingCause } from './standing-cause.ts';

export interface ResumeOptions {
  readonly partition: number;
  /** A lineage, its beginning, or a set's name. Null: every lineage of the partition that is halted. */
  readonly lineage: string | null;
  readonly dryRun: boolean;
}

interface Engines {
  readonly kafka: KafkaConnection;
  readonly redis: RedisConnection;
  readonly clickhouse: ClickHouseConnection;
}

/** After a start a rewritten log, or a record that cannot be folded, shows itself within so long. */
const WATCH_MS = 5_000;
const LOOK_EVERY_MS = 500;

/** Exit 0 when all that was halted goes on, or nothing was; 1 when a cause stands or it halted again; 4 when no worker holds the partition. */
export async function resume(deployment: Deployment, options: ResumeOptions, output: Output): Promise<ExitCode> {
  const [redis, clickhouse, kafka] = [await openRedis(deployment), await openClickHouse(deployment), await openKafka(deployment, output)];
  const engines = { redis, clickhouse, kafka };
  try {
    const known = await knownLineages(deployment, clickhouse);
    const chosen = options.lineage === null ? known.filter(({ isRunning }) => isRunning) : [chosenLineage(known, options.lineage)];
    let worst: ExitCode = exitCodes.ok;
    for (const each of chosen) {
      const code = await resumeOne(each, { ...options, isNamed: options.lineage !== null }, { deployment, engines }, output);
      if (code !== exitCodes.ok) worst = code;
    }
    return worst;
  } finally {
    await Promise.all([redis.close(), clickhouse.close(), kafka.close()]);
  }
}

async function resumeOne(
  { lineage, set }: KnownLineage,
  { partition, dryRun, isNamed }: ResumeOptions & { readonly isNamed: boolean },
  { deployment, engines }: { readonly deployment: Deployment; readonly engines: Engines },
  { data, message, style }: Output,
): Promise<ExitCode> {
  const where = `partition ${partition} of ${set ?? lineage}`;
  const facts = await haltFacts(engines, deployment, lineage, partition);
  const { halted } = facts;
  if (halted === null && !isNamed) {
    data(`${where}: not halted`);
    return exitCodes.ok;
  }
  const cause = halted === null ? null : standingCause(facts);
  if (cause !== null) {
    message(style.red(`${where}: refused: ${printable(cause)}  (runbook: ${haltCodeOf(halted ?? '')})`));
    return exitCodes.failed;
  }
  if (dryRun) {
    const why = halted === null ? 'no head says that it is halted' : `halted: ${printable(halted)}`;
    data(`${where}: ${why}; would ask its worker to drop what it holds, load the saved state at position ${facts.next ?? 0}, and read on from there`);
    return exitCodes.ok;
  }
  const answer = await askOwner(createRedisOperatorRequests(engines.redis), { act: 'resume', lineage, partition });
  if (answer === null) {
    message(style.red(`${where}: no worker answered, nothing was changed. Is one running that holds the partition?`));
    return exitCodes.unreachable;
  }
  const again = answer.outcome === 'done' ? await haltsAgain(engines, lineage, partition) : null;
  return tell(where, answer, again, { data, message, style });
}

function tell(
  where: string,
  answer: OperatorAnswer,
  again: string | null,
  { data, message, style }: Pick<Output, 'data' | 'message' | 'style'>,
): ExitCode {
  const reason = again === null ? answer.detail : `it halted again: ${again}`;
  if (answer.outcome === 'done' && again === null) {
    data(`${where}: ${printable(reason)} (worker ${printable(answer.by, 60)})`);
    return exitCodes.ok;
  }
  message(style.red(`${where}: ${printable(reason)}`));
  return exitCodes.failed;
}

async function haltFacts({ kafka, redis, clickhouse }: Engines, deployment: Deployment, lineage: string, partition: number): Promise<HaltFacts> {
  const { log } = await deploymentLog(kafka, `${deployment.namespace}.operator`, await readEpochs({ clickhouse, redis }));
  const [bounds, identity, manifest, archive, [inRedis], [inTable]] = await Promise.all([
    log.bounds(),
    log.identity(),
    createRedisCheckpointStore(redis, { segmentTtlSeconds: 1 }).manifest(lineage, partition),
    createClickHousePartitionArchive(clickhouse).chainEnd(1, partition),
    createRedisCellReader(redis).heads(lineage, [partition]),
    createClickHouseCellReader(clickhouse).heads(lineage, [partition]),
  ]);
  const heads = [inRedis, inTable].filter((head) => head !== undefined);
  return {
    partition,
    halted: heads.find(({ note }) => note?.halted !== undefined)?.note?.halted ?? null,
    next: manifest?.next ?? null,
    bounds: bounds.get(partition) ?? null,
    archive,
    identity,
    partitioner: deployment.partitioner,
    manifest,
    redis: inRedis ?? null,
    clickhouse: inTable ?? null,
  };
}

/** The reason, once a head tells it; null when none did for a while. The reason of before stays in a head, unconfirmed, until its owner publishes again. */
async function haltsAgain({ redis }: Engines, lineage: string, partition: number): Promise<string | null> {
  const reader = createRedisCellReader(redis);
  let reason: string | null = null;
  let toldBeforeMs: number | null = null;
  for (let waitedMs = 0; waitedMs <= WATCH_MS; waitedMs += LOOK_EVERY_MS) {
    const [head] = await reader.heads(lineage, [partition]);
    const { halted = null, confirmedAtMs = 0 } = head?.note ?? {};
    toldBeforeMs ??= confirmedAtMs;
    reason = confirmedAtMs > toldBeforeMs ? halted : null;
    await systemClock.sleep(LOOK_EVERY_MS);
  }
  return reason;
}
