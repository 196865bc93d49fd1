/** The catalogue on the left: sets, their boards and metrics, found by typing; a menu below 900 px. */

import { signal } from '@preact/signals';
import type { Metric } from '@tidemark/query/client';
import { useEffect, useRef } from 'preact/hooks';
import type { Catalogue, SetFacts } from '../data/catalogue.ts';
import { Glyph } from '../parts/svg.tsx';
import { addressOf, go, place } from '../route/router.ts';

const searched = signal('');
/** Only below 900 px. */
export const menuIsOpen = signal(false);

export function Rail({ catalogue, about }: { readonly catalogue: Catalogue | null; readonly about: SetFacts | null }) {
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const isTyping =
        event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement || event.target instanceof HTMLTextAreaElement;
      if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      menuIsOpen.value = true;
      field.current?.focus();
      field.current?.select();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  const here = place.value;
  useEffect(() => {
    menuIsOpen.value = false;
    searched.value = '';
  }, [here.room, here.subject]);
  useEffect(() => {
    list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
  }, [here.room, here.subject, catalogue === null]);
  const links = (): HTMLAnchorElement[] => [...(list.current?.querySelectorAll('a') ?? [])].filter((link) => link.checkVisibility());
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      searched.value = '';
      menuIsOpen.value = false;
      field.current?.blur();
    }
    const [first] = links();
    if (event.key === 'Enter' && event.target === field.current && first !== undefined) {
      go(first.pathname + first.search);
      field.current?.blur();
    }
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    event.preventDefault();
    const all = links();
    const { activeElement } = document;
    const at = activeElement instanceof HTMLAnchorElement ? all.indexOf(activeElement) : -1;
    const to = at + (event.key === 'ArrowDown' ? 1 : -1);
    if (to < 0) field.current?.focus();
    else all[Math.min(to, all.length - 1)]?.focus();
  };
  return (
    <nav class={menuIsOpen.value ? 'rail open' : 'rail'} aria-label="Catalogue" onKeyDown={onKeyDown}>
      <div class="rail-head">
        <a class="brand" href="/">
          Tidemark
        </a>
        <button type="button" class="quiet menu-close" onClick={() => (menuIsOpen.value = false)}>
          close
        </button>
      </div>
      <label class="search">
        <span class="hidden">Search figures</span>
        <input
          ref={field}
          type="search"
          placeholder="Search figures"
          value={searched.value}
          onInput={({ currentTarget }) => {
            searched.value = currentTarget.value;
          }}
        />
        <kbd>/</kbd>
      </label>
      <section class="rail-list" ref={list} aria-label="Figures">
        {catalogue?.sets.map((set) => (
          <SetLinks key={set.name} set={set} metrics={catalogue.metrics} isHere={set.name === about?.name} />
        ))}
        {catalogue !== null && searched.value === '' && (
          <ul>
            <RailLink room="inspector" subject="" glyph="inspector" title="Newest events" />
          </ul>
        )}
        {catalogue !== null && searched.value !== '' && !catalogue.metrics.some(matches) && <p class="dim">Nothing is called so.</p>}
      </section>
    </nav>
  );
}

/** Only the set that the page is about is unfolded, until another one is, or something is searched for. */
function SetLinks({ set, metrics, isHere }: { readonly set: SetFacts; readonly metrics: readonly Metric[]; readonly isHere: boolean }) {
  const all = searched.value === '';
  const own = metrics.filter((metric) => metric.set === set.name && matches(metric));
  if (own.length === 0 && !all) return null;
  return (
    <details open={isHere || !all}>
      <summary>{set.name}</summary>
      <ul>
        {all && <RailLink room="board" subject={set.name} glyph="board" title="Board" />}
        {all && own.some(({ kind }) => kind === 'retention') && (
          <RailLink room="growth" subject={set.name} glyph="growth" title="Growth against decay" />
        )}
        {own.map(({ id, kind, title, description, definition }) => (
          <RailLink key={id} room="figure" subject={id} glyph={kind} title={title} tip={description ?? definition} />
        ))}
      </ul>
    </details>
  );
}

interface RailLinkProps {
  readonly room: string;
  readonly subject: string;
  readonly glyph: Metric['kind'] | 'board' | 'growth' | 'inspector';
  readonly title: string;
  readonly tip?: string;
}

function RailLink({ room, subject, glyph, title, tip }: RailLinkProps) {
  const here = place.value;
  const isHere = here.room === room && here.subject === subject;
  return (
    <li>
      <a href={addressOf(room, subject)} aria-current={isHere ? 'page' : undefined} data-tip={tip}>
        <Glyph of={glyph} />
        <span>{title}</span>
      </a>
    </li>
  );
}

/** Every word of the search is in title, id, kind or description. */
function matches({ id, title, kind, description, owner }: Metric): boolean {
  const text = `${id} ${title} ${kind} ${description ?? ''} ${owner ?? ''}`.toLowerCase();
  return searched.value
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
