/** The colours of figures, as names of CSS variables (src/style/theme.css), and as the texts that a canvas needs. */
import { signal } from '@preact/signals';

/** Lines and bars of one chart, in this order; beyond six the rest is folded. */
export const SERIES = ['--series-1', '--series-2', '--series-3', '--series-4', '--series-5', '--series-6'] as const;
export type Colour = (typeof SERIES)[number] | '--ink' | '--ink-2' | '--ink-3' | '--line' | '--accent' | '--surface';

export type Theme = 'system' | 'light' | 'dark';
const THEME_NAME = 'tidemark.theme';

export const theme = signal<Theme>(knownTheme());
/** Grows when colours have changed: what is drawn on a canvas is drawn again. */
export const colourVersion = signal(0);

theme.subscribe((chosen) => {
  if (chosen === 'system') {
    localStorage.removeItem(THEME_NAME);
    delete document.documentElement.dataset['theme'];
  } else {
    localStorage.setItem(THEME_NAME, chosen);
    document.documentElement.dataset['theme'] = chosen;
  }
  colourVersion.value = colourVersion.peek() + 1;
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  colourVersion.value = colourVersion.peek() + 1;
});

function knownTheme(): Theme {
  const stored = localStorage.getItem(THEME_NAME);
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

/** What a canvas can draw with: the variable's colour in the theme of now. */
export function canvasColour(name: Colour, alpha = 1): string {
  const probe = document.createElement('span');
  probe.style.color = alpha === 1 ? `var(${name})` : `color-mix(in oklch, var(${name}) ${alpha * 100}%, transparent)`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** Steps of the one-hue ramp: classes `ramp-0` … `ramp-10`, whose text flips by itself. `share` from 0 to 1; null: no class. */
export function rampClass(share: number | null): string {
  return share === null ? '' : `ramp-${Math.max(0, Math.min(10, Math.round(share * 10)))}`;
}

/** Steps of the diverging pair: `diverging-m4` … `diverging-0` … `diverging-p4`. `difference` in units of `full`, which is the end of the scale. */
export function divergingClass(difference: number | null, full: number): string {
  if (difference === null || full <= 0) return '';
  const step = Math.max(-4, Math.min(4, Math.round((difference / full) * 4)));
  return `diverging-${step === 0 ? '0' : step > 0 ? `p${step}` : `m${-step}`}`;
}
