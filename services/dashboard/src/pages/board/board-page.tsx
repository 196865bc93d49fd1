/** A set's first screen: its tiles, each with its value, the change against the period before, and a line of buckets. */
import type { Board, Metric, Tile } from '@tidemark/query/client';
import { useEffect } from 'preact/hooks';
import { useAnswer } from '../../data/figure.ts';
import { shownAsOf } from '../../data/freshness.ts';
import { Empty, Refused, Skeleton } from '../../parts/states.tsx';
import { definePage, type PageProps } from '../../route/page.tsx';
import { BoardTile } from './board-tile.tsx';
import './board.css';

const controls = {} as const;
const ASKED_EVERY_MS = 2_000;

export const boardPage = definePage({ title: ({ about }) => about.name, controls, View: BoardPage });

function BoardPage({ about, metrics }: PageProps<typeof controls>) {
  const shown = useAnswer<Board>({ path: `/v1/board/${encodeURIComponent(about.name)}`, every: ASKED_EVERY_MS }).value;
  const { body, refusal } = shown;
  const asOf = body?.tiles[0]?.asOf ?? null;
  useEffect(() => {
    shownAsOf.value = asOf === null ? null : { asOf, metric: body?.tiles[0]?.metric ?? '' };
  }, [asOf]);
  return (
    <article class="board-page">
      <header>
        <h1>{about.name}</h1>
        <p class="definition">
          {about.board.length} of {about.metrics.length} figures, each over its last 30 buckets; changes are against the same time before.{' '}
          {about.timezone}
        </p>
      </header>
      {body === null && refusal !== null && <Refused refusal={refusal} />}
      {body === null && refusal === null && <Skeleton chart={false} rows={6} />}
      {body !== null && body.tiles.length === 0 && <Empty title="No tiles">This set has no `board:` yet; its figures are in the catalogue.</Empty>}
      {body !== null && (
        <ul class="tiles">
          {body.tiles.map((tile: Tile) => (
            <li key={tile.tile}>
              <BoardTile tile={tile} metric={metrics.find(({ id }: Metric) => id === tile.metric) ?? null} changes={shown.changes} />
            </li>
          ))}
        </ul>
      )}
    </article>
  );
}
