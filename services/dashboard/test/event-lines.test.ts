// The inspector's list: the newest first, each record once, never more than so many.
import type { InspectedEvent } from '@tidemark/query/client';
import { describe, expect, it } from 'vitest';
import { type EventLine, eventKey, MAX_LINES, NO_LINES, withLines } from '../src/pages/inspector/event-lines.ts';

function lineOf(partition: number, offset: number): EventLine {
  const at = '2026-11-21T18:00:00.000Z';
  const event: InspectedEvent = {
    partition,
    epoch: 0,
    offset: String(offset),
    recordedAt: at,
    outcome: 'applied',
    reason: '',
    words: 'counted',
    name: 'Ordered',
    kind: 'user',
    messageId: 'm',
    value: '{}',
    valueBytes: 2,
    at,
    actor: 'ann',
    key: 'ann',
    skipped: 0,
  };
  return { key: eventKey(event), event };
}

const keysOf = (lines: readonly EventLine[]): readonly string[] => lines.map(({ key }) => key);

describe('the list of newest records', () => {
  it('has the newest first', () => {
    const state = withLines(withLines(NO_LINES, [lineOf(0, 1), lineOf(1, 1)]), [lineOf(0, 2)]);
    expect(keysOf(state.lines)).toEqual(['0.0.2', '1.0.1', '0.0.1']);
  });

  it('has a record once, also when a reconnect brings it again', () => {
    const first = withLines(NO_LINES, [lineOf(0, 1), lineOf(0, 2)]);
    const state = withLines(first, [{ key: 'gap 1', gap: 'not connected' }, lineOf(0, 1), lineOf(0, 2), lineOf(0, 3)]);
    expect(keysOf(state.lines)).toEqual(['0.0.3', 'gap 1', '0.0.2', '0.0.1']);
    expect(state.came).toBe(3);
  });

  it('keeps the newest five hundred, and counts them all', () => {
    let state = NO_LINES;
    for (let offset = 0; offset < 1_300; offset += 100)
      state = withLines(
        state,
        Array.from({ length: 100 }, (_, index) => lineOf(0, offset + index)),
      );
    expect(state.lines).toHaveLength(MAX_LINES);
    expect(state.lines[0]?.key).toBe('0.0.1299');
    expect(state.came).toBe(1_300);
  });
});
