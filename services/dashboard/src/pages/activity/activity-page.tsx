/** The page of an activity metric: who is new, comes back, wakes up and falls asleep per bucket; how many within longer windows; how often people come. */
import type { ActivityAnswer } from '@tidemark/query/client';
import { figurePath } from '../../data/catalogue.ts';
import { type Shown, useAnswer } from '../../data/figure.ts';
import { Changed } from '../../parts/changed.tsx';
import { FigurePage } from '../../parts/figure-page.tsx';
import { choice, text } from '../../route/codec.ts';
import { defineFigurePage, type FigurePageProps } from '../../route/page.tsx';
import { bucketLabel } from '../../show/buckets.ts';
import { changeText, exact, short, sliceText } from '../../show/numbers.ts';
import { PeopleChart, SlicesChart, WindowsChart } from './activity-charts.tsx';
import { type ActivityLine, comparedOf, fieldsOf, fieldWords, isNobody, linesOf, sumOf, uniquesWords } from './activity-figures.ts';
import { ActivityTables } from './activity-tables.tsx';
import { DaysTable, StickinessStrip } from './stickiness.tsx';
import './activity.css';

const controls = {
  /** What the lines of slices show. */
  line: text('active'),
  days: choice('week', 'month'),
} as const;

export const activityPage = defineFigurePage({ controls, View: ActivityPage });

function ActivityPage({ metric, about, state, set }: FigurePageProps<typeof controls>) {
  const path = figurePath(metric, about);
  const shown = useAnswer<ActivityAnswer>({ path }).value;
  const lines = shown.body === null ? [] : linesOf(shown.body);
  const [first] = lines;
  const fields = first === undefined ? [] : fieldsOf(first);
  const field = fields.includes(state.line) ? state.line : 'active';
  const { unit } = metric;
  const choose = (
    <label>
      Lines show{' '}
      <select value={field} onChange={({ currentTarget }) => set({ line: currentTarget.value })}>
        {fields.map((known) => (
          <option key={known} value={known}>
            {fieldWords(known, unit)}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <FigurePage
      metric={metric}
      path={path}
      shown={shown}
      {...(lines.length > 1 ? { controls: choose } : {})}
      headline={(body) => <Headline body={body} shown={shown} />}
      chart={(body) => {
        const [line, ...others] = linesOf(body);
        if (line === undefined) return null;
        if (others.length > 0) return <SlicesChart lines={[line, ...others]} field={field} unit={unit} title={metric.title} />;
        return (
          <div class="activity-charts">
            <PeopleChart line={line} unit={unit} title={metric.title} before={comparedOf(body)?.before.buckets ?? null} />
            <WindowsChart line={line} unit={unit} />
            <StickinessStrip line={line} unit={unit} target={body.target} />
            <DaysTable line={line} unit={unit} per={state.days} onPer={(days) => set({ days })} />
          </div>
        );
      }}
      table={(body) => <ActivityTables body={body} field={field} changes={shown.changes} />}
      isEmpty={(body) => linesOf(body).every(isNobody)}
    />
  );
}

function Headline({ body, shown }: { readonly body: ActivityAnswer; readonly shown: Shown<ActivityAnswer> }) {
  const lines = linesOf(body);
  const [line] = lines;
  if (line === undefined) return null;
  if (lines.length > 1) {
    return (
      <p class="activity-note">
        {exact(lines.length)} values; each person is counted under every value that they show, so values may add up to more than all people. The
        largest is <bdi>{sliceText(line.value)}</bdi> with <b class="plain">{exact(line.uniques)}</b>{' '}
        {line.uniques === null ? uniquesWords(line, body.unit) : 'distinct people'}.
      </p>
    );
  }
  return <Facts line={line} body={body} shown={shown} />;
}

/** The figures of the range, each with what it is below it. */
function Facts({ line, body, shown }: { readonly line: ActivityLine; readonly body: ActivityAnswer; readonly shown: Shown<ActivityAnswer> }) {
  const { unit } = body;
  const { buckets, uniques } = line;
  const last = buckets.at(-1);
  const final = buckets.findLast(({ complete }) => complete);
  const lead = line.value === null ? '' : `slices.${typeof line.value === 'string' ? line.value : line.value.join(',')}.`;
  const name = (bucket: string): string => bucketLabel(bucket, unit);
  return (
    <>
      <dl class="activity-facts">
        <div>
          <dt>{line.value === null ? 'people' : <bdi>{sliceText(line.value)}</bdi>}</dt>
          <dd>
            <b>
              <Changed
                changes={shown.changes}
                at={`${lead}uniques`}
                show={(value) => exact(typeof value === 'boolean' ? null : value)}
                tip={exact(uniques)}
              >
                {short(uniques)}
              </Changed>
            </b>
            <small>{uniques === null ? 'range too long' : uniquesWords(line, unit)}</small>
            <ComparedUniques body={body} />
          </dd>
        </div>
        {final !== undefined && (
          <div>
            <dt>active</dt>
            <dd>
              <b data-tip={exact(final.active)}>{short(final.active)}</b>
              <small>
                {name(final.bucket)}, the newest final {unit}
              </small>
            </dd>
          </div>
        )}
        <div>
          <dt>new</dt>
          <dd>
            <b data-tip={exact(sumOf(line, 'new'))}>{short(sumOf(line, 'new'))}</b>
            <small>for the first time ever, in the range</small>
          </dd>
        </div>
        <div>
          <dt>churned</dt>
          <dd>
            <b data-tip={exact(sumOf(line, 'churned'))}>{short(sumOf(line, 'churned'))}</b>
            <small>away long enough to count as gone, in the range</small>
          </dd>
        </div>
        {last !== undefined && (
          <div>
            <dt>ever</dt>
            <dd>
              <b data-tip={exact(last.ever)}>{short(last.ever)}</b>
              <small>people so far, over all history</small>
            </dd>
          </div>
        )}
      </dl>
      {uniques === null && <p class="activity-note">{uniquesWords(line, unit)}</p>}
    </>
  );
}

function ComparedUniques({ body }: { readonly body: ActivityAnswer }) {
  const compared = comparedOf(body);
  if (compared === null) return null;
  const { now, before } = compared;
  const range = (from: string, to: string): string =>
    `${bucketLabel(from, body.unit, { long: true })} to ${bucketLabel(to, body.unit, { long: true })}`;
  const tip = `${range(now.from, now.to)}: ${exact(now.uniques)}\n${range(before.from, before.to)}: ${exact(before.uniques)}\nat equal elapsed time`;
  const change = now.uniques === null || before.uniques === null || before.uniques === 0 ? null : now.uniques / before.uniques - 1;
  return (
    <small data-tip={tip}>
      {change === null ? 'nobody before to compare with' : `${changeText(change)} against the range before, ${short(before.uniques)}`}
    </small>
  );
}
