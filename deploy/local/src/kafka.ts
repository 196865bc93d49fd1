/** Kafka in KRaft mode as one small JVM: its configuration, its storage, its readiness. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Engine, type EngineCommand, engineEnvironment } from './engine.ts';
import { probeKafka } from './kafka-probe.ts';
import type { Ports } from './ports.ts';

export interface KafkaPlace {
  readonly java: string;
  readonly jarFolder: string;
  readonly kafkaFolder: string;
  readonly proxied?: ProxiedListener | undefined;
  readonly additions?: KafkaAdditions | undefined;
}

/** For tests of access: what a broker that asks who is there has beside our own configuration. Its own listener stays, for the runner. */
export interface KafkaAdditions {
  readonly listeners: readonly { readonly name: string; readonly port: number; readonly protocol: 'SASL_SSL' | 'SASL_PLAINTEXT' | 'SSL' }[];
  /** Lines of server.properties. */
  readonly settings: Readonly<Record<string, string>>;
  /** As the storage tool takes them: `SCRAM-SHA-512=[name=…,password=…]`. */
  readonly scramUsers: readonly string[];
}

/** A second listener for clients that come through a proxy: the broker listens on `port` and tells them to come to `advertisedPort`. */
export interface ProxiedListener {
  readonly port: number;
  readonly advertisedPort: number;
}

const smallJvm = ['-XX:+UseSerialGC', '-XX:-UsePerfData', '-Xss512k'];

export function kafkaEngine(place: KafkaPlace): Engine {
  const dataFolder = join(place.kafkaFolder, 'data');
  return {
    name: 'kafka',
    portRoles: ['kafka', 'kafkaController'],
    address: (ports) => `127.0.0.1:${ports.kafka}`,
    async prepare(ports, onProgress) {
      await mkdir(join(place.kafkaFolder, 'tmp'), { recursive: true });
      await writeFile(join(place.kafkaFolder, 'log4j2.properties'), createKafkaLogConfig());
      if (!existsSync(join(dataFolder, 'meta.properties'))) await formatStorage(place, ports, onProgress);
      await writeFile(
        join(place.kafkaFolder, 'server.properties'),
        createKafkaConfig({ ports, dataFolder, proxied: place.proxied, additions: place.additions }),
      );
      return kafkaCommand(place);
    },
    async isReady(ports) {
      const metadata = await probeKafka({ host: '127.0.0.1', port: ports.kafka, timeoutMs: 1_000 });
      return metadata !== undefined && metadata.brokers > 0 && metadata.clusterId === (await readClusterId(dataFolder));
    },
  };
}

/** server.properties. The quorum is static, so that nothing on disk remembers the controller's port and it may change between starts. */
export function createKafkaConfig(options: {
  ports: Pick<Ports, 'kafka' | 'kafkaController'>;
  dataFolder: string;
  proxied?: ProxiedListener | undefined;
  additions?: KafkaAdditions | undefined;
}): string {
  const { proxied, additions } = options;
  const added = (additions?.listeners ?? []).map(({ name, port }) => `,${name}://127.0.0.1:${port}`).join('');
  const { kafka, kafkaController } = options.ports;
  const settings: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    listeners: `PLAINTEXT://127.0.0.1:${kafka},CONTROLLER://127.0.0.1:${kafkaController}${proxied === undefined ? '' : `,PROXIED://127.0.0.1:${proxied.port}`}${added}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${kafka}${proxied === undefined ? '' : `,PROXIED://127.0.0.1:${proxied.advertisedPort}`}${added}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': [
      ...['PLAINTEXT:PLAINTEXT', 'CONTROLLER:PLAINTEXT', ...(proxied === undefined ? [] : ['PROXIED:PLAINTEXT'])],
      ...(additions?.listeners ?? []).map(({ name, protocol }) => `${name}:${protocol}`),
    ].join(','),
    'controller.quorum.voters': `1@127.0.0.1:${kafkaController}`,
    'log.dirs': escapeProperty(options.dataFolder),
    'offsets.topic.num.partitions': 1,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    // After a crash the controller keeps the broker out until its old session has ended (9 s by default).
    'broker.session.timeout.ms': 3_000,
    'broker.heartbeat.interval.ms': 500,
    'auto.create.topics.enable': false,
    // History is the product: nothing may leave the log by age.
    'log.retention.hours': -1,
    'log.segment.bytes': 64 * 1024 * 1024,
    'log.index.size.max.bytes': 2 * 1024 * 1024,
    // A small machine: few threads, and a cleaner that still compacts the offsets topic.
    'num.network.threads': 2,
    'num.io.threads': 2,
    'num.recovery.threads.per.data.dir': 1,
    'background.threads': 2,
    'log.cleaner.threads': 1,
    'log.cleaner.dedupe.buffer.size': 4 * 1024 * 1024,
    ...additions?.settings,
  };
  return `${Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`;
}

/** log4j2.properties: warnings, and the few lines that tell of start and stop, to standard output (the runner's log file). */
function createKafkaLogConfig(): string {
  return `${[
    'status=WARN',
    'shutdownHook=disable',
    'appender.out.type=Console',
    'appender.out.name=out',
    'appender.out.layout.type=PatternLayout',
    'appender.out.layout.pattern=%d{yyyy-MM-dd HH:mm:ss,SSS} %p %c{1} %m%n',
    'rootLogger.level=WARN',
    'rootLogger.appenderRef.out.ref=out',
    'logger.start.name=kafka.server.KafkaRaftServer',
    'logger.start.level=INFO',
  ].join('\n')}\n`;
}

function kafkaCommand(place: KafkaPlace): EngineCommand {
  return {
    file: place.java,
    args: [
      ...['-Xms64m', '-Xmx384m', ...smallJvm, '-XX:MinHeapFreeRatio=20', '-XX:MaxHeapFreeRatio=40', '-XX:+ExitOnOutOfMemoryError'],
      ...javaClasses(place),
      ...['kafka.Kafka', join(place.kafkaFolder, 'server.properties')],
    ],
    cwd: place.kafkaFolder,
    // Fewer malloc arenas: less memory outside the heap.
    environment: engineEnvironment({ MALLOC_ARENA_MAX: '2' }),
  };
}

function javaClasses(place: KafkaPlace): string[] {
  return [
    `-Djava.io.tmpdir=${join(place.kafkaFolder, 'tmp')}`,
    `-Dlog4j2.configurationFile=${join(place.kafkaFolder, 'log4j2.properties')}`,
    ...['-cp', join(place.jarFolder, '*')],
  ];
}

/** Formats into a folder beside the final one and renames it, so that a start cut short leaves nothing half-formatted. */
async function formatStorage(place: KafkaPlace, ports: Ports, onProgress: (line: string) => void): Promise<void> {
  const dataFolder = join(place.kafkaFolder, 'data');
  const newFolder = join(place.kafkaFolder, 'data.new');
  if (existsSync(dataFolder) || existsSync(newFolder)) onProgress('kafka: its storage was half formatted, formatting it again');
  await rm(dataFolder, { recursive: true, force: true });
  await rm(newFolder, { recursive: true, force: true });
  const configPath = join(place.kafkaFolder, 'format.properties');
  await writeFile(configPath, createKafkaConfig({ ports, dataFolder: newFolder }));
  const tool = ['kafka.tools.StorageTool', 'format', '--cluster-id', createClusterId(), '--config', configPath];
  for (const user of place.additions?.scramUsers ?? []) tool.push('--add-scram', user);
  try {
    await promisify(execFile)(place.java, ['-Xmx128m', ...smallJvm, '-XX:TieredStopAtLevel=1', ...javaClasses(place), ...tool], {
      env: engineEnvironment(),
      cwd: place.kafkaFolder,
      timeout: 60_000,
    });
  } catch (error) {
    throw new Error(
      `Kafka's storage in ${dataFolder} could not be formatted: ${error instanceof Error ? error.message.slice(0, 400) : String(error)}`,
    );
  }
  await rename(newFolder, dataFolder);
}

/** 16 random bytes, base64url, as Kafka's own tool makes them; a leading dash would read as an option. */
function createClusterId(): string {
  return randomBytes(16).toString('base64url').replace(/^-/, 'A');
}

async function readClusterId(dataFolder: string): Promise<string | undefined> {
  const text = await readFile(join(dataFolder, 'meta.properties'), 'utf8');
  return /^cluster\.id=(.+)$/m.exec(text)?.[1]?.trim();
}

function escapeProperty(value: string): string {
  return value.replaceAll('\\', '\\\\');
}
