/** Tests of progress on a terminal and off it, on a hand-moved clock. */
import { expect, test } from 'vitest';
import { createProgress, type Progress } from '../src/progress.ts';

interface Scene {
  readonly progress: Progress;
  readonly written: string[];
  advance(ms: number): void;
}

function scene(options: { isTTY: boolean; total?: number; env?: Record<string, string>; columns?: number }): Scene {
  const written: string[] = [];
  let nowMs = 1000;
  const stream = { write: (text: string) => written.push(text), isTTY: options.isTTY, columns: options.columns ?? 80 };
  const total = options.total === undefined ? {} : { total: options.total };
  const progress = createProgress({ stream, label: 'replay', unit: 'events', env: options.env ?? {}, nowMs: () => nowMs, ...total });
  return {
    progress,
    written,
    advance: (ms) => {
      nowMs += ms;
    },
  };
}

test('off a terminal there is a plain line every five seconds, without any control character', () => {
  const { progress, written, advance } = scene({ isTTY: false, total: 1_000_000 });
  for (let step = 0; step < 10; step++) {
    advance(1000);
    progress.add(50_000);
  }
  advance(1000);
  progress.finish();
  expect(written).toEqual([
    'replay  250,000 / 1,000,000 events  25.0 %  50,000/s  15.0 s left\n',
    'replay  500,000 / 1,000,000 events  50.0 %  50,000/s  10.0 s left\n',
    'replay  500,000 events in 11.0 s  45,455/s\n',
  ]);
});

test('on a terminal one line is rewritten, at most ten times a second', () => {
  const { progress, written, advance } = scene({ isTTY: true, env: { NO_COLOR: '1' } });
  for (let step = 0; step < 100; step++) {
    advance(10);
    progress.add(1);
  }
  progress.finish();
  const text = written.join('');
  expect(text.split('\r\u001b[2K')).toHaveLength(12);
  expect(text.match(/\n/g)).toHaveLength(1);
  expect(text).toContain('replay  100 events  100/s');
  expect(text).not.toContain('\u001b[1m');
});

test('a narrow terminal does not wrap the line', () => {
  const { progress, written, advance } = scene({ isTTY: true, total: 1_000_000, columns: 24, env: { NO_COLOR: '1' } });
  advance(1000);
  progress.set(1000);
  expect(written.at(-1)?.length).toBeLessThan(24);
});

test('a note stands on its own line and the progress is drawn again below it', () => {
  const { progress, written, advance } = scene({ isTTY: true, env: { NO_COLOR: '1' } });
  advance(200);
  progress.add(2);
  progress.note('a\u001b[31m warning');
  expect(written.slice(-4)).toEqual(['\r\u001b[2K', 'a\\u{1b}[31m warning\n', '\r\u001b[2K', 'replay  2 events  10/s']);
});

test('after the end nothing more is printed', () => {
  const { progress, written, advance } = scene({ isTTY: false });
  progress.finish();
  advance(60_000);
  progress.add(5);
  progress.finish();
  expect(written).toEqual(['replay  0 events in 0 ms\n']);
});
