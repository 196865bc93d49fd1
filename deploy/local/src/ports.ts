/** Chooses the engines' loopback ports: the remembered one, else the usual one, else any free one. */
import { createServer } from 'node:net';
import { fieldOf } from './json-file.ts';

export const preferredPorts = { kafka: 19092, kafkaController: 19093, redis: 16379, clickhouse: 18123 } as const;

export type PortRole = keyof typeof preferredPorts;
export type Ports = Record<PortRole, number>;

export const portRoles: readonly PortRole[] = ['kafka', 'kafkaController', 'redis', 'clickhouse'];

/** The ports in a run/ports.json; anything that is no port is left out. */
export function toPorts(value: unknown): Partial<Ports> {
  const ports: Partial<Ports> = {};
  for (const role of portRoles) {
    const port = fieldOf(value, role);
    if (typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65_536) ports[role] = port;
  }
  return ports;
}

/**
 * Ports for the roles, all different and free at this moment.
 * `moved` names each role whose remembered or usual port was taken.
 */
export async function choosePorts(
  roles: readonly PortRole[],
  remembered: Partial<Ports>,
  isFree: (port: number) => Promise<boolean> = isPortFree,
): Promise<{ ports: Partial<Ports>; moved: { role: PortRole; from: number; to: number }[] }> {
  const ports: Partial<Ports> = { ...remembered };
  const moved: { role: PortRole; from: number; to: number }[] = [];
  const used = new Set<number>();
  for (const role of roles) {
    const wanted = remembered[role] ?? preferredPorts[role];
    let port = wanted;
    while (used.has(port) || !(await isFree(port))) port = await anyFreePort();
    used.add(port);
    ports[role] = port;
    if (port !== wanted) moved.push({ role, from: wanted, to: port });
  }
  return { ports, moved };
}

export async function isPortFree(port: number): Promise<boolean> {
  return (await listenOnce(port)) !== undefined;
}

async function anyFreePort(): Promise<number> {
  const port = await listenOnce(0);
  if (port === undefined) throw new Error('No free port is left on 127.0.0.1.');
  return port;
}

/** The port that a listener got and gave back; undefined when it is taken. */
function listenOnce(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      const got = typeof address === 'object' && address !== null ? address.port : undefined;
      server.close(() => resolve(got));
    });
  });
}
