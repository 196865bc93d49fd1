/** What a page shows when it has no figures, or not the newest: loading, empty, refused, offline. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { connection, heardAtMs } from '../data/connection.ts';
import { askAgain, type Refusal } from '../data/figure.ts';
import { keyIsAsked } from '../data/service.ts';
import { clockText, duration } from '../show/times.ts';

/** The room of a chart and a table before they are there, so that nothing jumps. */
export function Skeleton({ rows = 8, chart = true }: { readonly rows?: number; readonly chart?: boolean }) {
  return (
    <div class="skeleton" role="status" aria-label="Asking for figures">
      {chart && <div class="skeleton-chart" />}
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} class="skeleton-row" />
      ))}
    </div>
  );
}

/** Nothing was counted yet: what to send, with a command that works. */
export function Empty({
  title = 'Nothing counted here yet',
  children,
  command,
}: {
  readonly title?: string;
  readonly children?: ComponentChildren;
  readonly command?: string;
}) {
  return (
    <section class="state">
      <h2>{title}</h2>
      <p>{children ?? 'No event of this range has passed the definition above. Send one, and it is counted within a second:'}</p>
      {command !== undefined && <Command text={command} />}
    </section>
  );
}

/** Something to type, with a button that copies it. */
function Command({ text }: { readonly text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = (): void => {
    void navigator.clipboard?.writeText(text).then(() => setCopied(true));
  };
  return (
    <div class="command">
      <code>{text}</code>
      <button type="button" class="quiet" onClick={copy}>
        {copied ? 'copied' : 'copy'}
      </button>
    </div>
  );
}

const ADVICE: Readonly<Record<string, string>> = {
  too_large: 'Ask for less: choose a shorter range, or one value of the slice.',
  bad_range: 'Choose another range above.',
  bad_slice: 'Choose another slice above.',
  bad_parameter: 'Something in this address is not understood; choose again above.',
  unknown_metric: 'The catalogue on the left lists what there is.',
  unknown_revision: 'Go back to the figure as it is served; its page names the revision before.',
  unavailable: 'It is asked again by itself.',
  timeout: 'Ask for a shorter range, or wait: it is asked again by itself.',
  rate_limited: 'It is asked again by itself in a moment.',
};

/** Why there is no answer, in the service's own words, and what can be done. */
export function Refused({ refusal }: { readonly refusal: Refusal }) {
  if (keyIsAsked.value && refusal.code === 'unauthorized') return <Skeleton />;
  const { code, detail, requestId, retryAfterMs } = refusal;
  const title = code === null ? 'The service does not answer' : code === 'too_large' ? 'Too much at once' : 'No figures for this question';
  return (
    <section class="state" role="alert">
      <h2>{title}</h2>
      <p>{detail}</p>
      <p class="dim">
        {code === null ? 'Figures come back by themselves as soon as it does.' : (ADVICE[code] ?? '')}
        {requestId !== null && ` Request ${requestId}.`}
      </p>
      {(retryAfterMs !== null || code === null) && (
        <button type="button" onClick={askAgain}>
          Ask again now
        </button>
      )}
    </section>
  );
}

/** Above figures that are not the newest: `showing figures of 14:02:10; reconnecting in 4 s`. */
export function OfflineBanner() {
  const { value } = connection;
  const now = useSeconds(value.state === 'offline');
  if (value.state !== 'offline' || heardAtMs.value === 0) return null;
  const leftMs = value.retryAtMs - now;
  return (
    <p class="banner" role="status">
      Showing figures of {clockText(heardAtMs.value)};{' '}
      {leftMs > 0 ? `reconnecting in ${duration(Math.ceil(leftMs / 1_000)).replace('.0', '')}` : 'reconnecting'}
      <button type="button" class="quiet" onClick={askAgain}>
        now
      </button>
    </p>
  );
}

/** Our clock, once a second while it is wanted. */
export function useSeconds(wanted: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!wanted) return;
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [wanted]);
  return now;
}
