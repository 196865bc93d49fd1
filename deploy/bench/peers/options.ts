// What the command line of the peers' benchmark may say: all that the worker's benchmark takes, and the warm-up of the JVM.
import { type BenchOptions, readOptions } from '../worker-throughput/options.ts';
import { peers } from './contenders.ts';

export interface PeersOptions extends BenchOptions {
  /** Events that warm a JVM before its count begins. */
  readonly warmEvents: number;
  readonly isTiny: boolean;
}

/** `metrics` is measured in this process's child and no contender over the topic. */
const all = [...peers, 'metrics'];
const warmFlag = '--warm=';
const defaultWarmEvents = 500_000;

/** Throws an Error of one sentence for an unknown option, an unknown peer or a number that is none. */
export function readPeersOptions(args: readonly string[]): PeersOptions {
  const isTiny = args.includes('--tiny');
  const warm = args.findLast((argument) => argument.startsWith(warmFlag))?.slice(warmFlag.length);
  const size = isTiny ? ['--events=4000', '--people=400'] : ['--events=2000000'];
  // What is said twice counts as said last.
  const options = readOptions([
    ...['--workload=live', `--only=${all.join(',')}`, ...size],
    ...args.filter((argument) => !argument.startsWith(warmFlag)),
  ]);
  const unknown = options.only.find((peer) => !all.includes(peer));
  if (unknown !== undefined) throw new Error(`--only knows ${all.join(', ')}, and not ${unknown}`);
  const warmEvents = warm === undefined ? (isTiny ? 0 : defaultWarmEvents) : Number(warm);
  if (!Number.isSafeInteger(warmEvents) || warmEvents < 0) throw new Error(`--warm must be a whole number from 0 on, not ${warm}`);
  return { ...options, warmEvents, isTiny };
}
