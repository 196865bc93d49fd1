/** What is shown of a single record wherever one is: its outcome as a word with the reason, and its value as text. */
import type { InspectedEvent } from '@tidemark/query/client';
import { exact } from '../show/numbers.ts';
import { visible } from '../show/visible.ts';

type RecordFacts = Pick<InspectedEvent, 'outcome' | 'reason' | 'words' | 'value' | 'valueBytes'>;

/** `late`: told by word and sign, the colour only helps. */
export function OutcomeWord({ outcome }: { readonly outcome: InspectedEvent['outcome'] }) {
  return <b class={`outcome outcome-${outcome}`}>{outcome}</b>;
}

/** Text from outside: its own direction stays inside, what is unseen is named. */
export function Outside({ text, none = '–' }: { readonly text: string | null; readonly none?: string }) {
  if (text === null) return <span class="dim">{none}</span>;
  return <bdi class="outside">{text === '' ? '(empty)' : visible(text)}</bdi>;
}

/** The record's value: JSON on lines of its own, anything else as it came. */
export function EventValue({ value, valueBytes }: RecordFacts) {
  if (value === null) return <p class="dim">The record has no value.</p>;
  const shownBytes = new TextEncoder().encode(value).length;
  return (
    <div class="event-value-box">
      <pre class="event-value" dir="ltr">
        {visible(laidOut(value), { lines: true })}
      </pre>
      {valueBytes > shownBytes && (
        <p class="dim">
          The first {exact(shownBytes)} of {exact(valueBytes)} bytes.
        </p>
      )}
    </div>
  );
}

function laidOut(value: string): string {
  try {
    const parsed: unknown = JSON.parse(value);
    return JSON.stringify(parsed, null, 2);
  } catch {
    return value;
  }
}
