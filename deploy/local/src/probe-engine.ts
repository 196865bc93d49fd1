/** Whether somebody answers as the named engine at an address, as it stands in a TIDEMARK_… variable or as host:port. */
import { probeClickHouse } from './clickhouse.ts';
import type { EngineName } from './engine.ts';
import { probeKafka } from './kafka-probe.ts';
import { probeRedis } from './redis.ts';

const defaultPorts = { kafka: 9092, redis: 6379, clickhouse: 8123 } as const;

/** An answer that asks for a password counts: the server is there. False for an address that is none. */
export async function probeEngine(engine: EngineName, address: string, timeoutMs: number): Promise<boolean> {
  for (const one of address.split(',')) {
    const url = toUrl(engine, one.trim());
    if (url === undefined) continue;
    const place = { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || defaultPorts[engine]), timeoutMs };
    if (engine === 'kafka' && (await probeKafka(place)) !== undefined) return true;
    if (engine === 'redis' && (await probeRedis(place)) !== undefined) return true;
    if (engine === 'clickhouse' && (await probeClickHouse({ url: url.href, timeoutMs })) !== undefined) return true;
  }
  return false;
}

function toUrl(engine: EngineName, address: string): URL | undefined {
  const scheme = engine === 'clickhouse' ? 'http' : engine;
  return URL.parse(address.includes('://') ? address : `${scheme}://${address}`) ?? undefined;
}
