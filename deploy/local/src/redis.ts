/** Redis as one process with an append-only file: its arguments and its readiness. */
import { chmod, mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { type Engine, engineEnvironment } from './engine.ts';

export interface RedisPlace {
  readonly binary: string;
  readonly redisFolder: string;
  readonly moreArguments?: readonly string[];
}

export function redisEngine(place: RedisPlace): Engine {
  return {
    name: 'redis',
    portRoles: ['redis'],
    address: (ports) => `redis://127.0.0.1:${ports.redis}`,
    async prepare(ports) {
      await mkdir(place.redisFolder, { recursive: true });
      await chmod(place.redisFolder, 0o700);
      return {
        file: place.binary,
        args: [...createRedisArguments({ port: ports.redis, folder: place.redisFolder }), ...(place.moreArguments ?? [])],
        cwd: place.redisFolder,
        environment: engineEnvironment(),
      };
    },
    async isReady(ports, pid) {
      const answer = await probeRedis({ host: '127.0.0.1', port: ports.redis, timeoutMs: 1_000 });
      return answer?.ready === true && answer.pid === pid;
    },
  };
}

/** Written for Redis 6.2. The append-only file alone is the data; no snapshots beside it, no eviction ever. */
export function createRedisArguments(options: { port: number; folder: string }): string[] {
  return [
    ...['--bind', '127.0.0.1', '--port', String(options.port), '--protected-mode', 'yes'],
    ...['--dir', options.folder, '--appendonly', 'yes', '--appendfsync', 'everysec', '--save', ''],
    ...['--maxmemory-policy', 'noeviction', '--daemonize', 'no', '--loglevel', 'notice'],
  ];
}

/** PING and the pid of the server; undefined when nobody answers as Redis within the time. */
export function probeRedis(options: {
  host: string;
  port: number;
  timeoutMs: number;
}): Promise<{ ready: boolean; pid: number | undefined } | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: options.host, port: options.port });
    let text = '';
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      const pid = /process_id:(\d+)/.exec(text)?.[1];
      resolve(/^[+-]/.test(text) ? { ready: text.startsWith('+PONG'), pid: pid === undefined ? undefined : Number(pid) } : undefined);
    };
    const timer = setTimeout(finish, options.timeoutMs);
    socket.setEncoding('latin1');
    socket.on('connect', () => socket.write('PING\r\nINFO server\r\nQUIT\r\n'));
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', finish);
    socket.on('close', finish);
  });
}
