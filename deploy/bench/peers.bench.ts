// The worker and the archiver beside what people would use instead, in one run: `npm run bench -- peers [--tiny] [--only=…] [--warm=…]`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { askClickHouse } from './peers/clickhouse-answers.ts';
import { type PeerContext, type PeerName, type PeerRun, peers, runPeer } from './peers/contenders.ts';
import { buildJavaPeers } from './peers/java-build.ts';
import { measureMoreMetrics } from './peers/more-metrics.ts';
import { readPeersOptions } from './peers/options.ts';
import { peersReportOf, peersReportText } from './peers/report.ts';
import { writeSameMetrics } from './peers/same-metrics.ts';
import { withEngines } from './running/engines.ts';
import { canPin } from './worker-throughput/measured-process.ts';
import { fillTopic, migrate } from './worker-throughput/topic.ts';
import { endMs, setFile, workloadText } from './worker-throughput/workload.ts';

const DAY_MS = 86_400_000;
const options = readPeersOptions(process.argv.slice(2));
const folder = mkdtempSync(join(tmpdir(), 'tidemark-peers-'));

async function main(): Promise<boolean> {
  const skipped: Record<string, string> = {};
  const wanted = peers.filter((peer) => options.only.includes(peer));
  const wantsJava = wanted.includes('streams') || wanted.includes('consumer');
  const java = wantsJava ? await buildJavaPeers() : { missing: 'not asked for' };
  if (wantsJava && 'missing' in java) for (const peer of ['streams', 'consumer']) skipped[peer] = java.missing;
  const sameSetFile = join(folder, 'same-metrics.yaml');
  writeSameMetrics(setFile, sameSetFile);
  let isWhole = false;
  await withEngines(['kafka', 'redis', 'clickhouse'], async ({ addresses }) => {
    await migrate(addresses, options.namespace, 'bench');
    const filled = await fillTopic(addresses.kafkaBrokers, options);
    const machine = await machineOf(addresses, 'version' in java ? java.version : null);
    const { workload, seed, people, days, repeats, warmEvents } = options;
    const setting = { workload, seed, people, days, repeats, warmEvents, ...filled.tally, partitions: filled.ends.length, isPinned: canPin };
    console.log(JSON.stringify({ ...machine, ...setting }));
    console.log(workloadText(options, filled.tally));
    const { namespace, profileFolder } = options;
    const context = { addresses, namespace, filled, profileFolder, setFile, sameSetFile, warmEvents, java: 'command' in java ? java.command : [] };
    const span = { fromMs: endMs - days * DAY_MS - DAY_MS, toMs: endMs };
    const { runs, order } = await runAll(
      wanted.filter((peer) => !(peer in skipped)),
      (run) => ({ ...context, ...span, run }),
      skipped,
    );
    const more = options.only.includes('metrics') ? await measureMoreMetrics({ folder, seed, isTiny: options.isTiny }) : [];
    const report = peersReportOf(runs, more, skipped);
    console.log(`\n${peersReportText(report)}`);
    const plainRuns = runs.map(({ figures, ...run }) => ({ ...run, figures: figures?.size ?? null }));
    if (options.jsonFile !== null)
      writeFileSync(options.jsonFile, `${JSON.stringify({ machine, setting, order, ...report, runs: plainRuns }, null, 2)}\n`);
    isWhole = report.rows.every((row) => row.failure === null) && runs.length === order.length;
  });
  return isWhole;
}

/** A contender that breaks is told and left out; the others go on. */
async function runAll(
  wanted: readonly PeerName[],
  contextOf: (run: string) => PeerContext,
  skipped: Record<string, string>,
): Promise<{ runs: PeerRun[]; order: readonly PeerName[] }> {
  const runs: PeerRun[] = [];
  const order: PeerName[] = [];
  for (let repeat = 0; repeat < options.repeats; repeat++) {
    // Alternating, so that a machine that grows slower or faster favours nobody.
    for (const peer of repeat % 2 === 0 ? wanted : wanted.toReversed()) {
      order.push(peer);
      try {
        const run = await runPeer(peer, contextOf(`${process.pid}_${repeat}_${peer.replaceAll('-', '_')}`));
        console.log(JSON.stringify({ ...run, figures: run.figures?.size ?? null }));
        runs.push(run);
      } catch (error) {
        skipped[peer] = error instanceof Error ? error.message : String(error);
        console.error(`${peer} failed: ${skipped[peer]}`);
      }
    }
  }
  return { runs, order };
}

async function machineOf(addresses: PeerContext['addresses'], java: string | null): Promise<Readonly<Record<string, string | number | null>>> {
  const redis = new Redis(addresses.redisUrl);
  const server = await redis.info('server');
  redis.disconnect();
  const versionOf = (name: string): string => {
    const manifest: { version: string } = JSON.parse(readFileSync(join(import.meta.dirname, `../../node_modules/${name}/package.json`), 'utf8'));
    return manifest.version;
  };
  const pom = readFileSync(join(import.meta.dirname, 'java/pom.xml'), 'utf8');
  const [kafkaStreams = '', jackson = ''] = [...pom.matchAll(/<version>([\d.]{5,})<\/version>/g)].map((match) => match[1]);
  return {
    cpu: cpus()[0]?.model ?? '',
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    linux: release(),
    commit: spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8', cwd: import.meta.dirname }).stdout?.trim() ?? '',
    node: process.version,
    java,
    kafkaStreams,
    jackson,
    kafkajs: versionOf('kafkajs'),
    ioredis: versionOf('ioredis'),
    clickhouseJs: versionOf('@clickhouse/client'),
    redis: /redis_version:(\S+)/.exec(server)?.[1] ?? '',
    clickhouse: (await askClickHouse(addresses.clickhouseUrl, 'SELECT version() FORMAT TSV')).trim(),
  };
}

try {
  if (!(await main())) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
