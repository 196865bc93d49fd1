/** Above the page: a new definition that catches up, what the last one changed about the figure, and that an old revision is looked at. */
import type { Lineage, Metric } from '@tidemark/query/client';
import type { Catalogue, SetFacts } from '../data/catalogue.ts';
import { type Change, changeOf } from '../data/lineages.ts';
import { addressOf } from '../route/router.ts';
import { percent } from '../show/numbers.ts';
import { duration, instantText } from '../show/times.ts';
import { visible } from '../show/visible.ts';

export interface LineageNoticesProps {
  readonly about: SetFacts;
  readonly metric: Metric | null;
  /** Asked for in the address. */
  readonly revision: string;
  /** The id of the figure. */
  readonly subject: string;
  readonly catalogue: Catalogue;
}

export function LineageNotices({ about, metric, revision, subject, catalogue }: LineageNoticesProps) {
  const lineages = catalogue.lineages.find(({ set }) => set === about.name)?.lineages ?? [];
  // The metric as it is served.
  const current = catalogue.metrics.find(({ id }) => id === subject) ?? null;
  if (revision !== '') return <OldRevision about={about} revision={metric?.revision ?? revision} current={current} lineages={lineages} />;
  const change = metric === null ? null : changeOf(metric, lineages);
  return (
    <>
      {lineages
        .filter(({ state }) => state === 'catching_up')
        .map((coming) => (
          <CatchingUp key={coming.lineage} {...{ about, metric, coming }} />
        ))}
      {metric !== null && change !== null && <Changed metric={metric} timezone={about.timezone} change={change} />}
    </>
  );
}

function CatchingUp({ about, metric, coming }: { about: SetFacts; metric: Metric | null; coming: Lineage }) {
  const { progress, eta, halted } = coming;
  const ahead = metric === null ? undefined : coming.metrics?.[metric.id];
  const label = `A new definition of ${about.name} catches up`;
  return (
    <p class="notice" role="status">
      <span>{label}</span>
      {progress !== null && <progress aria-label={label} value={progress} max={1} />}
      <span>
        {progress === null ? 'it has not begun yet' : `${percent(progress)}, ${eta === null ? 'time left unknown' : leftText(eta)}`}
        {metric !== null && ahead === metric.revision ? '; this figure stays as it is' : '; these figures are by the present one'}
      </span>
      {halted.length > 0 && <strong>partition {halted.map(({ partition }) => partition).join(', ')} is halted: it does not go on by itself</strong>}
      {metric !== null && ahead !== undefined && ahead !== metric.revision && (
        <a href={addressOf('figure', metric.id, { query: { revision: ahead } })}>see this figure by the new one so far</a>
      )}
    </p>
  );
}

function leftText(seconds: number): string {
  return seconds === 0 ? 'about to be served' : `about ${duration(seconds)} left`;
}

function Changed({ metric, timezone, change }: { metric: Metric; timezone: string; change: Change }) {
  const { since, by, before } = change;
  return (
    <p class="notice">
      <span>
        Definition changed{since === null ? '' : ` ${instantText(since, timezone)}`}
        {by === null || by === '' ? '' : ` by ${visible(by)}`}
      </span>
      <a href={addressOf('figure', metric.id, { query: { revision: before } })}>
        see it as it was: revision <code>{before.slice(0, 8)}</code>
      </a>
    </p>
  );
}

const STATES: Readonly<Record<Lineage['state'], string>> = {
  serving: 'It counts as the present one does.',
  catching_up: 'It is not served yet: it catches up, and what is missing comes.',
  kept: 'It was served before, and is kept current.',
  retired: 'It was served before; nothing is added to it any more.',
};

function OldRevision({
  about,
  revision,
  current,
  lineages,
}: {
  about: SetFacts;
  revision: string;
  current: Metric | null;
  lineages: readonly Lineage[];
}) {
  const having = lineages.filter(({ metrics }) => Object.values(metrics ?? {}).includes(revision));
  const lineage = having.find(({ state }) => state === 'serving') ?? having.find(({ state }) => state === 'kept') ?? having.at(-1);
  const isCurrent = current !== null && current.revision === revision;
  return (
    <p class="notice notice-old" role="status">
      <strong>{isCurrent ? 'The revision that is served' : 'Another revision'}</strong>
      <span>
        <code>{revision.slice(0, 8)}</code>
        {lineage === undefined ? '' : `. ${STATES[lineage.state]}`}
      </span>
      {current === null ? (
        <a href={addressOf('board', about.name)}>this figure is no longer defined: to the board</a>
      ) : (
        <a href={addressOf('figure', current.id)}>back to the figure as it is served</a>
      )}
    </p>
  );
}
