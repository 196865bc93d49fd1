/** The last lines of a service's log file, as a person reads them. */
import { open } from 'node:fs/promises';
import { printable } from '@tidemark/runtime';

const TAIL_BYTES = 32 * 1024;
const LEVELS: Readonly<Record<string, string>> = { '10': 'trace', '20': 'debug', '30': 'info', '40': 'warn', '50': 'error', '60': 'fatal' };

/** At most `count` lines, oldest first; empty when there is no such file. */
export async function logTail(path: string, count: number): Promise<string[]> {
  try {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      const { buffer, bytesRead } = await file.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, Math.max(0, size - TAIL_BYTES));
      const lines = buffer.subarray(0, bytesRead).toString('utf8').split('\n');
      return lines
        .filter((line) => line.trim() !== '')
        .slice(-count)
        .map(readableLine);
    } finally {
      await file.close();
    }
  } catch {
    return [];
  }
}

/** `error  could not start: no such file` of a log record; any other line as it is. */
export function readableLine(line: string): string {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch {
    return printable(line, 300);
  }
  const message = memberOf(record, 'msg') ?? memberOf(record, 'message');
  if (typeof message !== 'string') return printable(line, 300);
  const level = String(memberOf(record, 'level') ?? '');
  const reason = memberOf(memberOf(record, 'err'), 'message');
  return printable(`${LEVELS[level] ?? level}  ${message}${typeof reason === 'string' ? `: ${reason}` : ''}`, 500);
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
