// Five hundred hostile texts as event names, property values, slice values, actors and titles, through every page: nothing runs, nothing breaks the layout.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { NOW_MS } from '@tidemark/query/testing';
import { hostileNames } from '@tidemark/testing';
import { witnessedRecord } from '@tidemark/testing/contracts';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Dashboard, noBrowser, openDashboard, screenshot, trackOf } from './dashboard.ts';

/** As UTF-8 carries them. */
const texts = [...new Set(hostileNames.map((name) => name.toWellFormed()))];
const isEventName = (text: string): boolean => text !== '' && Buffer.byteLength(text) <= 200;
const titles = texts.filter((text) => isEventName(text) && text.trim() !== '');
const titleAt = (index: number): string => titles[index * 37] ?? 'title';
const [firstStep = '', secondStep = '', thirdStep = ''] = titles;

const facts = (index: number) => ({ title: titleAt(index), description: titleAt(index + 1), owner: titleAt(index + 2), slice: ['channel'] });
const definitions = {
  name: 'hostile',
  dimensions: { channel: { property: 'channel', max: 1_000 } },
  metrics: [
    { id: 'orders', kind: 'kpi', measure: { count: 'Ordered' }, ...facts(0) },
    { id: 'people', kind: 'activity', event: '*', rolling: [7], ...facts(1) },
    { id: 'back', kind: 'retention', start: 'Ordered', return: '*', columns: 2, ...facts(2) },
    { id: 'on', kind: 'activation', start: 'Ordered', within: '1d', all: [firstStep, secondStep], ...facts(3) },
    { id: 'way', kind: 'funnel', steps: ['Ordered', firstStep, secondStep, thirdStep], window: '1d', ...facts(4) },
  ],
  board: ['orders', 'people.active', 'back.overall.1.rate', 'on.overall.rate', 'way.step.2.ofFirst'],
};

function* eventsOf() {
  for (const [index, text] of texts.entries()) {
    const at = { timestamp: '2026-11-21T12:00:00Z' };
    yield trackOf('Ordered', `u${index}`, { ...at, messageId: `o${index}`, properties: { channel: text, note: text, [text]: text } });
    if (isEventName(text)) yield trackOf(text, 'victim', { ...at, messageId: `n${index}`, properties: { channel: text, note: text } });
  }
}

/** All values at once instead of the largest twenty; the stream, which would ask for twenty again, is not had. */
const KINDS = /\/v1\/(?:kpis|activity|retention|activation|funnels)\/[^?]+\?.*slice=/;

/** What ran, what the policy stopped, what sticks out of the page, what became an element. */
const LOOK = `(() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  const clipped = (element) => element.closest('.rail') !== null || (element.parentElement !== null && (getComputedStyle(element.parentElement).overflowX !== 'visible' || clipped(element.parentElement)));
  const wide = scrollWidth <= clientWidth ? [] : [...document.querySelectorAll('body *')].filter((element) => element.getBoundingClientRect().right > clientWidth && !clipped(element));
  return {
    pwned: window.__pwned ?? null,
    violations: window.__violations,
    tooWide: wide.slice(0, 6).map((element) => element.tagName + '.' + element.getAttribute('class')),
    foreign: document.querySelectorAll('main :is(script, iframe, img, object, embed, base, meta, [onerror], [onload], [onmouseover])').length,
    errors: document.body.textContent.includes('This page has failed'),
  };
})()`;

describe.skipIf(noBrowser)('five hundred hostile texts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-hostile-'));
  let dashboard: Dashboard;
  let page: Page;
  const dialogs: string[] = [];

  beforeAll(async () => {
    const file = join(folder, 'hostile.json');
    writeFileSync(file, JSON.stringify(definitions));
    dashboard = await openDashboard({ files: [relative(join(import.meta.dirname, '../../../../schemas/metrics'), file)], events: eventsOf() });
    page = await dashboard.page();
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    await page.addInitScript(
      "window.alert = (text) => { window.__pwned = String(text); }; window.__violations = []; addEventListener('securitypolicyviolation', (event) => window.__violations.push(event.violatedDirective + ' ' + event.blockedURI));",
    );
    await page.route('**/v1/live?*', (route) => route.abort());
    await page.route(KINDS, (route) => {
      const url = new URL(route.request().url());
      url.searchParams.set('limit', '600');
      return route.continue({ url: url.href });
    });
  });
  afterAll(async () => {
    await dashboard?.close();
    rmSync(folder, { recursive: true });
  });

  async function expectHarmless(): Promise<void> {
    for (const width of [1_280, 390]) {
      await page.setViewportSize({ width, height: 844 });
      const found: unknown = await page.evaluate(LOOK);
      expect(found, `at ${width} px`).toEqual({ pwned: null, violations: [], tooWide: [], foreign: 0, errors: false });
    }
    await page.setViewportSize({ width: 1_280, height: 844 });
    expect(dialogs).toEqual([]);
    expect(dashboard.errors.filter((line) => /refused to|content security/i.test(line))).toEqual([]);
  }

  it.each(['orders', 'people', 'back', 'on', 'way'])('are slice values of the figure %s', async (id) => {
    await page.goto(`${dashboard.url}/figure/${id}?slice=channel&last=3`);
    await page.locator('main h1').waitFor();
    await page.locator('main table').first().waitFor();
    await screenshot(page, `hostile-${id}`);
    await expectHarmless();
  });

  it.each(['/board/hostile', '/growth/hostile'])('are titles, descriptions and owners on %s', async (address) => {
    await page.goto(`${dashboard.url}${address}`);
    await page.locator('main h1').waitFor();
    await expectHarmless();
  });

  it('are events, actors and values of the inspector, in the order that they came', async () => {
    await page.goto(`${dashboard.url}/inspector`);
    await page.getByText(/^Watching since/).waitFor();
    const { world } = dashboard;
    for (let from = 0; from < texts.length; from += 100) {
      for (const [index, text] of texts.slice(from, from + 100).entries()) {
        const parsed = { event: text, actorKind: 'user', actorId: text, messageId: text, timeMs: NOW_MS } as const;
        const record = witnessedRecord(0, from + index, {
          key: text,
          value: text,
          parsed,
          valueBytes: Buffer.byteLength(text),
          recordMs: NOW_MS + from + index,
        });
        await world.trail.trail.append(world.lineage, 0, [record]);
      }
      await page.getByText(`${Math.min(from + 100, texts.length)} records so far`).waitFor();
    }
    expect(await page.locator('.event').count()).toBe(Math.min(500, texts.length));
    await page.locator('.event-line').first().press('Enter');
    await page.locator('.event-value').waitFor();
    await screenshot(page, 'hostile-inspector');
    await expectHarmless();
  });

  it('are the timeline of an actor, and the actor itself in the address', async () => {
    await page.goto(`${dashboard.url}/explain/people?actor=victim`);
    await page.locator('.timeline-event').nth(99).waitFor();
    for (let shown = 100; await page.getByRole('button', { name: 'Show more' }).isVisible(); shown += 100) {
      await page.getByRole('button', { name: 'Show more' }).click();
      await page.locator('.timeline-event').nth(shown).waitFor();
    }
    expect(await page.locator('.timeline-event').count()).toBe(texts.filter(isEventName).length);
    await screenshot(page, 'hostile-explain');
    await expectHarmless();
    await page.goto(`${dashboard.url}/explain/people?actor=${encodeURIComponent('"><img src=x onerror=alert(1)>\u202e')}`);
    await page.locator('main .state').waitFor();
    await expectHarmless();
  });
});
