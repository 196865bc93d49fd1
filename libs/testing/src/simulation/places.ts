/** What a world keeps of one partition of one lineage: its undisturbed fold, or two of them once the log was rewritten, and what was looked at last. */
import { createCalendars, type FoldSettings, lineageOf, type MetricSet, PartitionFold, Vocabulary } from '@tidemark/core';
import { type Manifest, NO_VERSION, splitVersion } from '@tidemark/pipeline';
import type { MemoryRecord } from '../twins/log.ts';
import type { Engines } from './engines.ts';
import { checkCells, checkManifest, checkSegments, ofOneHistory } from './invariants.ts';
import type { Plan } from './plan.ts';
import { Reference } from './reference.ts';
import type { Checker } from './violation.ts';

export interface Lineage {
  readonly id: string;
  readonly set: MetricSet;
  readonly settings: FoldSettings;
  /** Its figures must be whole in the end; those of other settings are left behind. */
  readonly required: boolean;
}

export function lineagesOf(sets: readonly MetricSet[], { settings, otherSettings }: Plan): readonly Lineage[] {
  const of = (own: FoldSettings, required: boolean): Lineage[] => sets.map((set) => ({ id: lineageOf(set, own), set, settings: own, required }));
  return [...of(settings, true), ...(otherSettings === null ? [] : of(otherSettings, false))];
}

/** What was looked at last; another object when it changed. */
interface Seen {
  redis: unknown;
  clickhouse: unknown;
  checkpoint: unknown;
  manifestId: string | null;
  next: string;
  closed: { redis: string; clickhouse: string };
}

export interface PlaceOptions {
  readonly lineage: Lineage;
  readonly partition: number;
  readonly partitionCount: number;
  readonly epoch: number;
}

export class Place {
  readonly lineage: Lineage;
  readonly partition: number;
  /** The present one is the last. */
  readonly histories: Reference[];
  readonly #newFold: () => PartitionFold;
  readonly #options: PlaceOptions;
  /** Those that go on with the log. */
  #live: readonly Reference[];
  /** The farthest that a publish ever announced, also in a state that Redis has lost and may come back to. */
  #announced: string = NO_VERSION;
  #seen: Seen = { redis: undefined, clickhouse: undefined, checkpoint: undefined, manifestId: null, next: '', closed: { redis: '', clickhouse: '' } };

  constructor(options: PlaceOptions) {
    this.#options = options;
    this.lineage = options.lineage;
    this.partition = options.partition;
    const { set, settings } = options.lineage;
    const kept = { set, settings, vocabulary: new Vocabulary(), calendars: createCalendars() };
    this.#newFold = () => new PartitionFold(kept);
    this.histories = [this.#reference(options.partitionCount)];
    this.#live = [...this.histories];
  }

  get present(): Reference {
    return this.histories.at(-1) as Reference;
  }

  get name(): string {
    return `${this.lineage.id.slice(0, 4)}:${this.partition}`;
  }

  /**
   * Whether it can be told afterwards that the log was cut here: ClickHouse, which forgets nothing, has closed a head above the cut, or nobody has
   * folded anything above it. In between only a publish that never closed knows of the old records, and its rows cannot be told from new ones; what
   * Redis has lost counts too, for it may rewind to before that (seed 4613).
   */
  isTellable(cut: number, { engines, reached, epoch }: { readonly engines: Engines; readonly reached: number; readonly epoch: number }): boolean {
    const at = (version: string): number => (splitVersion(version).epoch === epoch ? splitVersion(version).next : 0);
    const heads = [engines.clickhouse, engines.redis].map((store) => store.headOf(this.lineage.id, this.partition));
    if (at(heads[0]?.closed ?? NO_VERSION) > cut) return true;
    return [...heads.map(({ target }) => target), this.#announced].every((target) => at(target) <= cut) && reached <= cut;
  }

  fold(record: MemoryRecord): void {
    for (const reference of this.#live) reference.fold(record);
  }

  /** The log begins another history; `goesOn`: the one before it goes on too. */
  divide(
    records: readonly MemoryRecord[],
    options: { readonly partitionCount: number; readonly goesOn: boolean; readonly prepare: (fresh: Reference) => void },
  ): void {
    const fresh = this.#reference(options.partitionCount);
    options.prepare(fresh);
    for (const record of records) fresh.fold(record);
    this.histories.push(fresh);
    this.#live = options.goesOn ? [...this.#live, fresh] : [fresh];
  }

  /** Compares what changed in the stores with the undisturbed fold. `rewound`: Redis itself may have gone back. Answers a manifest that is new. */
  async check(engines: Engines, options: { readonly checker: Checker; readonly rewound: boolean }): Promise<Manifest | null> {
    const { checker, rewound } = options;
    const { id } = this.lineage;
    const key = `${id}:${this.partition}`;
    const [redis, checkpoint, clickhouse] = engines.content().map((part) => partOf(part, key));
    for (const store of [engines.redis, engines.clickhouse]) {
      const { name } = store.sink;
      if ((name === 'redis' ? redis : clickhouse) === this.#seen[name]) continue;
      const { closed, target } = store.headOf(id, this.partition);
      if (target > this.#announced) this.#announced = target;
      const mayGoBack = rewound && name === 'redis';
      if (!mayGoBack && closed < this.#seen.closed[name])
        checker.broken('head never back', `${name} ${this.name}: from ${this.#seen.closed[name]} to ${closed}`);
      await ofOneHistory(this.histories, (reference) => checkCells(checker, store, reference));
      this.#seen.closed[name] = closed;
    }
    const fresh = checkpoint === this.#seen.checkpoint ? null : await this.#checkManifest(engines, checker, rewound);
    Object.assign(this.#seen, { redis, clickhouse, checkpoint });
    return fresh;
  }

  async #checkManifest(engines: Engines, checker: Checker, rewound: boolean): Promise<Manifest | null> {
    const manifest = engines.checkpoints.manifestOf(this.lineage.id, this.partition);
    const next = manifest === null ? '' : `${String(manifest.epoch).padStart(5, '0')}:${String(manifest.next).padStart(15, '0')}`;
    if (!rewound && next < this.#seen.next)
      checker.broken('manifest never back', `the manifest of ${this.name} goes back from ${this.#seen.next} to ${next}`);
    const isNew = manifest !== null && manifest.id !== this.#seen.manifestId;
    if (manifest !== null) checkSegments(checker, engines.checkpoints, manifest);
    if (isNew) await ofOneHistory(this.histories, (reference) => checkManifest(checker, engines.checkpoints, reference, this.#newFold));
    Object.assign(this.#seen, { manifestId: manifest?.id ?? null, next });
    return isNew ? manifest : null;
  }

  #reference(partitionCount: number): Reference {
    const { lineage, partition, epoch } = this.#options;
    const { set, settings } = lineage;
    return new Reference({ lineage: lineage.id, partition, partitionCount, set, settings, epoch });
  }
}

/** What a twin keeps of one partition: another object when it changed. */
function partOf(content: unknown, key: string): unknown {
  return content instanceof Map ? content.get(key) : undefined;
}
