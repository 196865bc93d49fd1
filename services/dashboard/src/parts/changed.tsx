/** A value that marks what it was when the page was opened, and flashes once when it changes. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Change, Changes } from '../data/changes.ts';
import { clockText } from '../show/times.ts';

export interface ChangedProps {
  readonly changes: Changes;
  /** The leaf's path, such as `buckets.2026-11-01.active`. */
  readonly at: string;
  /** How the value is told; default as it is. */
  readonly show?: (value: Change['from']) => string;
  /** The exact value, in the tooltip before what has changed. */
  readonly tip?: string;
  readonly children: ComponentChildren;
}

/** Text of the tooltip for a changed value: `12 → 14 at 14:02:10`. Null: as it was. */
export function changeTip(change: Change | null, show: (value: Change['from']) => string = String): string | null {
  return change === null ? null : `${show(change.from)} → ${show(change.to)} at ${clockText(change.atMs)}`;
}

export function Changed({ changes, at, show = String, tip = '', children }: ChangedProps) {
  const change = changes.of(at);
  const box = useRef<HTMLSpanElement>(null);
  const seen = useRef(change?.atMs ?? 0);
  useEffect(() => {
    if (change === null || change.atMs === seen.current) return;
    seen.current = change.atMs;
    flash(box.current);
  });
  const lines = [tip, changeTip(change, show) ?? ''].filter((line) => line !== '').join('\n');
  return (
    <span ref={box} class={change === null ? 'value' : 'value changed'} data-tip={lines === '' ? undefined : lines}>
      {children}
    </span>
  );
}

/** Once, for 150 ms; not at all where motion is unwelcome. */
export function flash(element: Element | null): void {
  if (element === null || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
  const accent = getComputedStyle(element).getPropertyValue('--flash');
  element.animate([{ backgroundColor: accent }, { backgroundColor: 'transparent' }], { duration: 150, easing: 'ease-out' });
}
