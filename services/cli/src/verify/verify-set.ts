/** One partition of one set: what differs is printed as it is found. */
import { createCalendars, type FoldSettings } from '@tidemark/core';
import {
  type CheckResult,
  type Difference,
  type PartitionArchive,
  readOrigin,
  type ServedStore,
  StoreUnavailable,
  splitVersion,
  type TimeOrderedArchive,
  verifyPartition,
} from '@tidemark/pipeline';
import { printable, systemClock } from '@tidemark/runtime';
import type { Output } from '../terminal-output.ts';
import type { ChosenSet } from './chosen-sets.ts';

export interface VerifySetOptions {
  readonly chosen: ChosenSet;
  readonly archive: PartitionArchive & TimeOrderedArchive;
  readonly stores: readonly ServedStore[];
  readonly settings: FoldSettings;
  readonly partition: number;
  readonly partitions: number;
  readonly partitioner: 'murmur2' | 'crc32';
  readonly json: boolean;
}

export async function verifySet(options: VerifySetOptions, output: Output, folded: (records: number) => void): Promise<readonly CheckResult[]> {
  const { chosen, archive, stores, settings, partition, partitions, partitioner, json } = options;
  const { set, lineage, origin, metrics } = chosen;
  const past = readOrigin(origin)?.positions[partition];
  return verifyPartition({
    archive,
    stores,
    settings,
    partition,
    partitioner,
    set,
    lineage,
    ...(metrics === undefined ? {} : { metrics }),
    ...(past === undefined ? {} : { timeOrdered: { archive, next: past } }),
    partitionCount: partitions,
    clock: systemClock,
    folded,
    onDifference: (difference) => {
      const named = { set: set.name, ...difference, bucketName: bucketName(chosen, difference) };
      output.data(json ? JSON.stringify({ difference: named }) : textOf(named));
    },
  });
}

/** Records to fold again: the longest head of each partition of each set, of the stores that answer. */
export async function positionsOf(chosen: readonly ChosenSet[], partitions: readonly number[], stores: readonly ServedStore[]): Promise<number> {
  let total = 0;
  for (const { lineage } of chosen) {
    const heads = await Promise.all(
      stores.map(({ reader }) =>
        reader.heads(lineage, partitions).catch((error: unknown) => {
          if (error instanceof StoreUnavailable) return [];
          throw error;
        }),
      ),
    );
    for (const index of partitions.keys()) total += Math.max(...heads.map((of) => splitVersion(of[index]?.closed ?? '0000000000000000').next));
  }
  return total;
}

/** The bucket's own name where the table is by the metric's unit. */
function bucketName({ set }: ChosenSet, { metric: id, table, bucket }: Difference): string | null {
  const metric = set.metrics.find((one) => one.id === id);
  if (metric === undefined || !(table === 'total' || table.startsWith('slice:'))) return null;
  try {
    return createCalendars().calendar(metric).name(bucket);
  } catch {
    return null;
  }
}

function textOf({ set, store, partition, metric, table, bucket, bucketName: name, value, column, served, recomputed }: Named): string {
  const of = value === '' ? '' : `  ${printable(JSON.stringify(value), 200)}`;
  const at = `${set}  ${metric}  ${table}  ${name ?? `bucket ${bucket}`}${of}  column ${column}`;
  return `${at}  ${store} partition ${partition}: served ${served}, recomputed ${recomputed}`;
}

type Named = Difference & { readonly set: string; readonly bucketName: string | null };
