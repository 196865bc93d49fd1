// Finds on Linux every process that works in or with a given folder, what it listens on and what memory it takes.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface StartedProcess {
  readonly pid: number;
  /** The command line, shortened. */
  readonly command: string;
  /** Proportional set size in MiB: memory that several processes have in common is divided among them. */
  readonly pssMib: number;
  readonly listens: readonly ListeningSocket[];
}

export interface ListeningSocket {
  readonly port: number;
  readonly isLoopback: boolean;
}

/** All processes that name the folder in their environment or command line, or stand in it, this one left out; empty where there is no /proc. */
export function startedIn(folder: string): readonly StartedProcess[] {
  const sockets = listeningSockets();
  return remainingPids(folder).map((pid) => ({ pid, command: commandOf(pid), pssMib: pssMibOf(pid), listens: socketsOf(pid, sockets) }));
}

/** The pids of `startedIn`, without the look inside them. */
export function remainingPids(folder: string): readonly number[] {
  return allPids().filter((pid) => pid !== process.pid && !isZombie(pid) && worksWith(pid, folder));
}

/** Three looks, since a server may overwrite its environment with its title, and another may be started with an environment of its own. */
function worksWith(pid: number, folder: string): boolean {
  return (
    readOr(`/proc/${pid}/environ`, '').includes(folder) ||
    readOr(`/proc/${pid}/cmdline`, '').includes(folder) ||
    linkOr(`/proc/${pid}/cwd`).startsWith(folder)
  );
}

/** Whether a line of /proc/net/tcp or tcp6 is a listener, and on which port and address; undefined for other lines. */
export function parseSocketLine(line: string): (ListeningSocket & { readonly inode: string }) | undefined {
  const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
  const [address, port] = local?.split(':') ?? [];
  if (state !== '0A' || address === undefined || port === undefined || inode === undefined) return undefined;
  return { port: Number.parseInt(port, 16), isLoopback: isLoopback(address), inode };
}

/** The address as the kernel prints it: little-endian words in hexadecimal. */
function isLoopback(address: string): boolean {
  const mapped = '0000000000000000FFFF0000';
  const word = address.startsWith(mapped) ? address.slice(mapped.length) : address;
  return word.length === 8 ? word.endsWith('7F') : word === '00000000000000000000000001000000';
}

function listeningSockets(): ReadonlyMap<string, ListeningSocket> {
  const lines = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => readOr(file, '').split('\n').slice(1));
  return new Map(lines.flatMap((line) => parseSocketLine(line) ?? []).map((socket) => [socket.inode, socket]));
}

function socketsOf(pid: number, sockets: ReadonlyMap<string, ListeningSocket>): readonly ListeningSocket[] {
  const folder = `/proc/${pid}/fd`;
  const targets = listOr(folder).map((fd) => linkOr(`${folder}/${fd}`));
  return targets.flatMap((target) => sockets.get(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? '') ?? []);
}

function allPids(): readonly number[] {
  return listOr('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function commandOf(pid: number): string {
  return readOr(`/proc/${pid}/cmdline`, '')
    .replaceAll('\0', ' ')
    .replace(/-cp \S+/, '-cp …')
    .trim()
    .slice(0, 100);
}

function isZombie(pid: number): boolean {
  return /^State:\s+Z/m.test(readOr(`/proc/${pid}/status`, ''));
}

function pssMibOf(pid: number): number {
  return Number(/^Pss:\s+(\d+) kB/m.exec(readOr(`/proc/${pid}/smaps_rollup`, ''))?.[1] ?? 0) / 1024;
}

/** A process may end between two looks; what is gone reads as empty. */
function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return otherwise;
  }
}

function listOr(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function linkOr(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
