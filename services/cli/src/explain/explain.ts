/** `explain`: one actor's events in time order, what became of each, and the integers that they add to a metric now, as the query service tells them. */
import { type ExitCode, exitCodes, exitError, printable } from '@tidemark/runtime';
import { z } from 'zod';
import type { Output } from '../terminal-output.ts';

export interface ExplainOptions {
  readonly metric: string;
  readonly actor: string;
  readonly queryUrl: string;
  /** Where the service has keys: one with the scope `inspect`. */
  readonly key: string | null;
  /** `kind`, `from`, `to`, `slice`, `after`, `limit`, as the service takes them. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly json: boolean;
}

const REQUEST_TIMEOUT_MS = 20_000;

const explanation = z.object({
  metric: z.string(),
  definition: z.string(),
  actor: z.string(),
  kind: z.string(),
  archive: z.object({ partition: z.number(), position: z.string().nullable() }),
  from: z.string().nullable(),
  to: z.string().nullable(),
  contributions: z
    .array(
      z.object({
        cell: z.string(),
        bucket: z.string().nullable(),
        through: z.string().nullable(),
        value: z.union([z.string(), z.array(z.string())]).nullable(),
        amount: z.union([z.number(), z.string()]),
        words: z.string(),
      }),
    )
    .nullable(),
  note: z.string().nullable(),
  events: z.array(z.object({ at: z.string(), outcome: z.string(), words: z.string(), name: z.string().nullable(), plays: z.array(z.string()) })),
  next: z.string().nullable(),
});
type Explanation = z.output<typeof explanation>;

const problem = z.object({ code: z.string(), detail: z.string() });

/** Exit code 2 when the question is at fault, 4 when the service does not answer. What the service says is printed as it is with `json`. */
export async function explain(options: ExplainOptions, output: Output): Promise<ExitCode> {
  const text = await asked(options);
  if (options.json) output.data(text);
  else print(explanation.parse(JSON.parse(text)), output);
  return exitCodes.ok;
}

async function asked({ queryUrl, metric, actor, parameters, key }: ExplainOptions): Promise<string> {
  const url = new URL(`/v1/explain/${encodeURIComponent(metric)}/${encodeURIComponent(actor)}?${new URLSearchParams(parameters)}`, queryUrl);
  const headers: Record<string, string> = { accept: 'application/json', ...(key === null ? {} : { authorization: `Bearer ${key}` }) };
  let response: Response;
  try {
    response = await fetch(url, { headers, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
  } catch (error) {
    throw exitError(
      exitCodes.unreachable,
      `the query service at ${url.origin} does not answer: start it with tidemark up, or name it with --query`,
      error,
    );
  }
  const text = await response.text();
  if (response.ok) return text;
  const told = problem.safeParse(jsonOf(text));
  const detail = told.success ? printable(told.data.detail) : `it answered ${response.status}`;
  const isFault = response.status >= 400 && response.status < 500 && response.status !== 429;
  const hint = response.status === 401 || response.status === 403 ? ' (TIDEMARK_API_KEY or TIDEMARK_API_KEY_FILE gives a key)' : '';
  throw exitError(isFault ? exitCodes.usage : exitCodes.unreachable, `${detail}${hint}`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Everything here was written by strangers. */
function print(
  { metric, definition, actor, kind, archive, from, to, contributions, note, events, next }: Explanation,
  { data, message, dataStyle }: Output,
): void {
  const { bold, dim } = dataStyle;
  data(`${bold(`${metric} of the ${kind === 'user' ? 'user' : 'anonymous actor'} ${printable(actor)}`)}  ${dim(printable(definition))}`);
  data(dim(`by the archive of partition ${archive.partition} up to offset ${archive.position ?? '0'}`));
  data('');
  const widest = Math.max(0, ...events.map(({ outcome }) => outcome.length));
  for (const { at, outcome, words, name, plays } of events) {
    const role = plays.length > 0 ? `  ${printable(plays.join(', '))}` : '';
    const why = outcome === 'applied' ? '' : dim(`  ${printable(words)}`);
    data(`${at}  ${outcome.padEnd(widest)}  ${printable(name ?? '-')}${role}${why}`);
  }
  if (events.length === 0) data('no events');
  data('');
  if (contributions !== null && from !== null && to !== null) data(bold(`adds, from ${from} to ${to}`));
  for (const { cell, bucket, through, value, amount, words } of contributions ?? []) {
    const where = bucket === null ? 'range' : bucket === through ? bucket : `${bucket} to ${through}`;
    const slice = value === null ? '' : `  ${printable(JSON.stringify(value))}`;
    data(`  ${where}  ${cell}${slice}  ${amount}  ${dim(printable(words))}`);
  }
  if (note !== null) data(printable(note));
  if (next !== null) message(`there are more events: --after ${next}`);
}
