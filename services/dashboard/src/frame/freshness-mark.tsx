/** The freshness mark: a dot with words, which opens positions, watermark and lag of each partition. */

import { useSignal } from '@preact/signals';
import type { Ready } from '@tidemark/query/client';
import { useEffect, useRef } from 'preact/hooks';
import type { SetFacts } from '../data/catalogue.ts';
import { connection } from '../data/connection.ts';
import { useAnswer } from '../data/figure.ts';
import { confirmedAtMs, freshness, type Partition, shownAsOf } from '../data/freshness.ts';
import { serviceNowMs } from '../data/service.ts';
import { exact } from '../show/numbers.ts';
import { duration, instantText } from '../show/times.ts';

const ASKED_EVERY_MS = 2_000;

export function FreshnessMark({ about }: { readonly about: SetFacts | null }) {
  const ready = useAnswer<Ready>({ path: '/readyz', every: ASKED_EVERY_MS }).value;
  const isOpen = useSignal(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const onDown = (event: Event): void => {
      if (event instanceof KeyboardEvent && event.key !== 'Escape') return;
      if (event.type === 'pointerdown' && event.target instanceof Node && box.current?.contains(event.target) === true) return;
      isOpen.value = false;
    };
    document.addEventListener('pointerdown', onDown);
    document.addEventListener('keydown', onDown);
    return () => {
      document.removeEventListener('pointerdown', onDown);
      document.removeEventListener('keydown', onDown);
    };
  }, []);
  const nowMs = serviceNowMs();
  const partitions = ready.body?.details.sets.find(({ set }) => set === about?.name)?.partitions ?? null;
  const asOf = shownAsOf.value?.asOf ?? about?.asOf ?? null;
  const { state, words } = freshness({ connection: connection.value, partitions, asOf, nowMs });
  return (
    <div class="freshness" ref={box}>
      <button type="button" class={`mark mark-${state}`} aria-expanded={isOpen.value} onClick={() => (isOpen.value = !isOpen.value)}>
        <i class="dot" />
        {words}
      </button>
      {isOpen.value && (
        <div class="popover" role="dialog" aria-label="How fresh the figures are">
          <Standing about={about} partitions={partitions} nowMs={nowMs} />
        </div>
      )}
    </div>
  );
}

function Standing({ about, partitions, nowMs }: { about: SetFacts | null; partitions: readonly Partition[] | null; nowMs: number }) {
  const { value } = shownAsOf;
  const asOf = value?.asOf ?? about?.asOf ?? null;
  const timezone = about?.timezone ?? 'UTC';
  return (
    <>
      <dl class="facts">
        <dt>Set</dt>
        <dd>{about?.name ?? '–'}</dd>
        <dt>Watermark</dt>
        <dd data-tip={asOf?.watermark ?? undefined}>
          {asOf?.watermark == null ? 'no event yet' : `${instantText(asOf.watermark, timezone)} ${timezone}`}
        </dd>
        <dt>Published</dt>
        <dd data-tip={asOf?.publishedAt}>{asOf === null ? '–' : `${duration(Math.max(0, (nowMs - Date.parse(asOf.publishedAt)) / 1_000))} ago`}</dd>
        <dt>Answered from</dt>
        <dd>{asOf === null ? '–' : asOf.source === 'mixed' ? 'Redis and ClickHouse' : asOf.source}</dd>
        <dt>Way</dt>
        <dd>
          {{ connecting: 'asked once so far', live: 'live stream', polling: 'asked every few seconds', offline: 'offline' }[connection.value.state]}
        </dd>
      </dl>
      {partitions !== null && (
        <table class="figures">
          <caption>Partitions: where the figures stand in the log</caption>
          <thead>
            <tr>
              <th scope="col" class="left">
                partition
              </th>
              <th scope="col">position</th>
              <th scope="col">clock</th>
              <th scope="col">lag</th>
              <th scope="col" class="left">
                state
              </th>
            </tr>
          </thead>
          <tbody>
            {partitions.map((partition) => (
              <PartitionRow key={partition.partition} partition={partition} nowMs={nowMs} timezone={timezone} />
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

function PartitionRow({ partition, nowMs, timezone }: { partition: Partition; nowMs: number; timezone: string }) {
  const lagS = Math.max(0, (nowMs - confirmedAtMs(partition)) / 1_000);
  return (
    <tr>
      <th scope="row" class="left">
        {partition.partition}
      </th>
      <td>{partition.position === null ? '–' : exact(partition.position)}</td>
      <td data-tip={partition.clock ?? undefined}>{partition.clock === null ? '–' : instantText(partition.clock, timezone)}</td>
      <td>{partition.position === null ? '–' : duration(lagS)}</td>
      <td class="left">
        {partition.halted !== null ? `halted: ${partition.halted}` : partition.position === null ? 'nothing yet' : (partition.source ?? '–')}
      </td>
    </tr>
  );
}
