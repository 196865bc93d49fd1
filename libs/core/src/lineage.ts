/** The lineage: a hash of everything that shapes the fold. State, manifests, heads and rows are keyed by it. */
import { createHash } from 'node:crypto';
import type { MetricSet } from './definition.ts';
import { evaluatorVersions } from './metrics/registry.ts';
import type { FoldSettings } from './settings.ts';
import { transitionsDigestInput } from './time/zone.ts';

/** Raised when the same bytes decode to another event. */
const DECODER_VERSION = 1;
/** Raised when the fold's own rules (clock, outcomes, filters) change. */
const FOLD_VERSION = 1;

/** 16 lower-case hex digits. `origin` names where the prefix begins: `log`, or the archive read in time order up to a position. */
export function lineageOf(set: MetricSet, settings: FoldSettings, origin = 'log'): string {
  const zones = [...new Set(set.metrics.map((metric) => metric.timezone))].sort().map((zone) => transitionsDigestInput(zone));
  const parts = [
    set.revision,
    `lateness=${settings.latenessMs},future=${settings.futureMs},duplicates=${settings.duplicateWindow},timeline=${settings.timelineCap}`,
    `decoder=${DECODER_VERSION},fold=${FOLD_VERSION},${evaluatorVersions()}`,
    origin,
    ...zones,
  ];
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16);
}
