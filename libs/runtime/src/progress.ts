/** Progress of a long command: one line that is rewritten on a terminal, a plain line every few seconds elsewhere. */
import { printable } from './redact.ts';
import { canMoveCursor, createStyle, formatCount, formatDuration, type TerminalStream } from './terminal.ts';

export interface ProgressOptions {
  /** stderr: progress is never data. */
  readonly stream: TerminalStream;
  readonly label: string;
  /** Without it there is no share and no time left. */
  readonly total?: number;
  /** Plural of what is counted, such as `events`. */
  readonly unit?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Monotonic milliseconds. */
  readonly nowMs?: () => number;
  /** Between plain lines. Default 5,000. */
  readonly plainIntervalMs?: number;
}

export interface Progress {
  add(count: number): void;
  /** Sets the absolute count. */
  set(count: number): void;
  /** Prints a line of its own without tearing the progress line. */
  note(text: string): void;
  /** Prints the last line: count, time and mean rate. Further calls do nothing. */
  finish(): void;
}

const animationIntervalMs = 100;
const rateWindowMs = 5000;

/** Has no timer: it draws when something is counted, so an abandoned progress keeps nothing alive. */
export function createProgress(options: ProgressOptions): Progress {
  const { stream } = options;
  const env = options.env ?? process.env;
  const nowMs = options.nowMs ?? (() => performance.now());
  const animated = canMoveCursor(stream, env);
  const style = createStyle(stream, env);
  const intervalMs = animated ? animationIntervalMs : (options.plainIntervalMs ?? 5000);
  const label = printable(options.label, 60);
  const startedMs = nowMs();
  const samples: Sample[] = [{ atMs: startedMs, count: 0 }];
  let count = 0;
  let drawnMs = startedMs;
  let finished = false;

  const clear = (): void => {
    if (animated) stream.write('\r\u001b[2K');
  };
  const draw = (): void => {
    drawnMs = nowMs();
    const facts = progressFacts({ count, total: options.total, unit: options.unit, perSecond: recentRate(samples, { atMs: drawnMs, count }) });
    if (!animated) stream.write(`${label}  ${facts}\n`);
    else {
      clear();
      stream.write(`${style.bold(label)}  ${facts.slice(0, Math.max(0, (stream.columns ?? 80) - label.length - 3))}`);
    }
  };
  const set = (next: number): void => {
    if (finished) return;
    count = next;
    if (nowMs() - drawnMs >= intervalMs) draw();
  };
  return {
    add: (amount) => set(count + amount),
    set,
    note: (text) => {
      clear();
      stream.write(`${printable(text, 1000)}\n`);
      if (animated && !finished) draw();
    },
    finish: () => {
      if (finished) return;
      finished = true;
      const elapsedMs = nowMs() - startedMs;
      clear();
      stream.write(
        `${label}  ${formatCount(count)}${unitWord(options.unit)} in ${formatDuration(elapsedMs)}${rateWords(elapsedMs > 0 ? (count / elapsedMs) * 1000 : undefined)}\n`,
      );
    },
  };
}

interface Sample {
  readonly atMs: number;
  readonly count: number;
}

/** Adds the sample, drops those older than the window but one, and returns the rate over what is left. */
function recentRate(samples: Sample[], sample: Sample): number | undefined {
  samples.push(sample);
  while (samples.length > 2 && sample.atMs - (samples[1]?.atMs ?? 0) >= rateWindowMs) samples.shift();
  const first = samples[0];
  if (first === undefined || sample.atMs <= first.atMs) return undefined;
  return ((sample.count - first.count) / (sample.atMs - first.atMs)) * 1000;
}

function progressFacts(facts: { count: number; total: number | undefined; unit: string | undefined; perSecond: number | undefined }): string {
  const { count, total, perSecond } = facts;
  if (total === undefined) return `${formatCount(count)}${unitWord(facts.unit)}${rateWords(perSecond)}`;
  const share = total > 0 ? `  ${Math.min(100, (count / total) * 100).toFixed(1)} %` : '';
  const remaining = Math.max(0, total - count);
  const left = perSecond !== undefined && perSecond > 0 && remaining > 0 ? `  ${formatDuration((remaining / perSecond) * 1000)} left` : '';
  return `${formatCount(count)} / ${formatCount(total)}${unitWord(facts.unit)}${share}${rateWords(perSecond)}${left}`;
}

function unitWord(unit: string | undefined): string {
  return unit === undefined ? '' : ` ${unit}`;
}

function rateWords(perSecond: number | undefined): string {
  if (perSecond === undefined || perSecond < 0) return '';
  return `  ${perSecond < 10 ? perSecond.toFixed(1) : formatCount(perSecond)}/s`;
}
