/** What a page is to the frame: a name, its controls in the URL, and its view. */
import type { Metric } from '@tidemark/query/client';
import type { ComponentType, VNode } from 'preact';
import type { SetFacts } from '../data/catalogue.ts';
import { type Controls, readState, type StateOf } from './codec.ts';
import { change, place } from './router.ts';

interface Facts {
  /** The metric set that the page is about; the first one where the path names none. */
  readonly about: SetFacts;
  /** All metrics of all sets. */
  readonly metrics: readonly Metric[];
  /** What follows the room in the path: a metric's id, a set's name, or `''`. */
  readonly subject: string;
}

export interface PageProps<C extends Controls> extends Facts {
  /** Of the page's own controls. */
  readonly state: StateOf<C>;
  /** Writes to the URL; with `replace` the back button does not stop here (while something is typed or dragged). */
  readonly set: (changed: Partial<StateOf<C>>, options?: { readonly replace?: boolean }) => void;
}

export interface FigurePageProps<C extends Controls> extends PageProps<C> {
  readonly metric: Metric;
}

/** A page at `/{room}/{subject}`. */
export interface Page {
  readonly title: (facts: Facts) => string;
  readonly render: (facts: Facts) => VNode;
}

/** The page of the metrics of one kind, at `/figure/{id}`. */
export interface FigurePageKind {
  readonly render: (facts: Facts & { readonly metric: Metric }) => VNode;
}

export function definePage<C extends Controls>(page: { title: Page['title']; controls: C; View: ComponentType<PageProps<C>> }): Page {
  const { title, controls, View } = page;
  return { title, render: (facts) => <View {...facts} {...stateIn(controls)} /> };
}

export function defineFigurePage<C extends Controls>({ controls, View }: { controls: C; View: ComponentType<FigurePageProps<C>> }): FigurePageKind {
  // A new figure, also by another definition, is a new page: nothing of the one before is carried over.
  return { render: (facts) => <View key={`${facts.metric.id} ${facts.metric.revision}`} {...facts} {...stateIn(controls)} /> };
}

function stateIn<C extends Controls>(controls: C): Pick<PageProps<C>, 'state' | 'set'> {
  return { state: readState(controls, place.value.search), set: (changed, options) => change(controls, changed, options) };
}
