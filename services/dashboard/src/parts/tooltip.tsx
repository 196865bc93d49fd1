/** One tooltip for the page: any element with `data-tip` shows its text, by pointer and by keyboard focus. Lines are kept apart by `\n`. */
import { signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

interface Tip {
  readonly text: string;
  readonly of: Element;
  readonly at: DOMRect;
}

const tip = signal<Tip | null>(null);
const GAP = 8;

function follow(event: Event): void {
  const from = event.target instanceof Element ? event.target.closest('[data-tip]') : null;
  const text = from?.getAttribute('data-tip') ?? '';
  if (from === null || text === '') {
    if (tip.peek() !== null) tip.value = null;
  } else tip.value = { text, of: from, at: from.getBoundingClientRect() };
}

function hide(event: Event): void {
  if (event instanceof KeyboardEvent && event.key !== 'Escape') return;
  tip.value = null;
}

/** What it is about moved along, as it also does by the scroll that brought it under the pointer; out of sight it takes its tooltip with it. */
function moveAlong(): void {
  const shown = tip.peek();
  if (shown === null) return;
  const at = shown.of.getBoundingClientRect();
  const isSeen = shown.of.isConnected && at.bottom > 0 && at.top < innerHeight;
  tip.value = isSeen ? { ...shown, at } : null;
}

export function Tooltip() {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    document.addEventListener('pointerover', follow);
    document.addEventListener('focusin', follow);
    document.addEventListener('keydown', hide);
    document.addEventListener('scroll', moveAlong, true);
    return () => {
      document.removeEventListener('pointerover', follow);
      document.removeEventListener('focusin', follow);
      document.removeEventListener('keydown', hide);
      document.removeEventListener('scroll', moveAlong, true);
    };
  }, []);
  const shown = tip.value;
  useLayoutEffect(() => {
    if (box.current !== null && shown !== null) place(box.current, shown.at);
  }, [shown]);
  if (shown === null) return null;
  return (
    <div class="tooltip" role="tooltip" ref={box}>
      {shown.text}
    </div>
  );
}

/** Below what it is about, above where there is no room, and never off the screen. */
function place(box: HTMLElement, at: DOMRect): void {
  const { width, height } = box.getBoundingClientRect();
  const left = Math.max(GAP, Math.min(at.left + at.width / 2 - width / 2, innerWidth - width - GAP));
  const below = at.bottom + GAP;
  box.style.left = `${left}px`;
  box.style.top = `${below + height > innerHeight ? Math.max(GAP, at.top - height - GAP) : below}px`;
}
