/** What the runner needs to know of an engine; kafka.ts, redis.ts and clickhouse.ts each make one. */
import type { PortRole, Ports } from './ports.ts';

export type EngineName = 'kafka' | 'redis' | 'clickhouse';

export const engineNames: readonly EngineName[] = ['kafka', 'redis', 'clickhouse'];

export interface EngineAddresses {
  /** host:port, several separated by commas */
  kafkaBrokers: string;
  redisUrl: string;
  clickhouseUrl: string;
}

export const addressFields = { kafka: 'kafkaBrokers', redis: 'redisUrl', clickhouse: 'clickhouseUrl' } as const;

export interface EngineCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly environment: NodeJS.ProcessEnv;
}

export interface Engine {
  readonly name: EngineName;
  readonly portRoles: readonly PortRole[];
  /** Host and port, or URL, that clients use. */
  address(ports: Ports): string;
  /** Writes the configuration for these ports and makes the storage ready. */
  prepare(ports: Ports, onProgress: (line: string) => void): Promise<EngineCommand>;
  /** One real request: true when this very process answers it, and not another one on the same port. */
  isReady(ports: Ports, pid: number): Promise<boolean>;
}

/** The environment without what would make a child write elsewhere or behave differently from run to run. */
export function engineEnvironment(additions: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _node, JAVA_TOOL_OPTIONS: _tool, JDK_JAVA_OPTIONS: _jdk, CLASSPATH: _classpath, ...rest } = process.env;
  return { ...rest, ...additions };
}
