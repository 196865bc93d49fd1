/** The sample dealer's set and two edits of its funnel's window, as files, with what is asked of them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FunnelDefinition, MetricSet } from '@tidemark/core';
import { readSet, setFile } from '../worker-throughput/workload.ts';
import { metricOf } from './recomputed.ts';

export interface Definition {
  readonly file: string;
  readonly set: MetricSet;
  readonly funnel: FunnelDefinition;
  /** Of the funnel. */
  readonly revision: string;
}

export interface Definitions {
  readonly set: string;
  readonly served: Definition;
  readonly edits: readonly [Definition, Definition];
  /** Of the events that the asked metrics count. */
  readonly names: readonly string[];
}

export const funnelId = 'booking_funnel';
/** Counts of events, by day. */
export const countIds = ['bookings', 'offers_shown'] as const;
const servedWindow = /(steps: \[opened, Slot Chosen, booked_online\]\n +window: )7d/;

/** Writes the edited files into the folder. Throws when the set is no longer as this benchmark expects. */
export function writeDefinitions(folder: string): Definitions {
  const text = readFileSync(setFile, 'utf8');
  const edited = (window: string): Definition => {
    const file = join(folder, `window-${window}.yaml`);
    const changed = text.replace(servedWindow, `$1${window}`);
    if (changed === text)
      throw new Error(`${setFile} has no funnel ${funnelId} with a window of 7d any more: name its place in ${import.meta.filename}`);
    writeFileSync(file, changed);
    return read(file);
  };
  const served = read(setFile);
  return {
    set: served.set.name,
    served,
    edits: [edited('3d'), edited('5d')],
    names: ['Cabinet Opened', 'Slot Chosen', 'Service Booked', 'Offer Shown'],
  };
}

function read(file: string): Definition {
  const set = readSet(file);
  const funnel = metricOf(set, funnelId);
  if (funnel.kind !== 'funnel') throw new Error(`${file}: ${funnelId} is no funnel`);
  return { file, set, funnel, revision: funnel.revision };
}
