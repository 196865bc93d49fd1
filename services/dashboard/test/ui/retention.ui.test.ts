// The retention page in a real browser: the triangle by keys and pointer, its switches in the URL, two groups beside each other, live changes.
import { NOW_MS } from '@tidemark/query/testing';
import { cabinetHistory, mapHistory } from '@tidemark/testing';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { axeViolations, type Dashboard, noBrowser, openDashboard, screenshot } from './dashboard.ts';

const WIDE = '/figure/cabinet_retention?last=90';
const NARROW = '/figure/cabinet_retention';
const DIFFERENCE = '/figure/visitor_weeks?slice=came&of=promo&against=%3Dstandard';
const MOST_MS = 100;

/** In the page: the median of ten moves, each with the layout that the browser would do for the next frame, ms. */
const MOVES_TIMED = `['ArrowDown', 'ArrowRight', 'ArrowDown', 'ArrowLeft', 'PageDown', 'ArrowRight', 'End', 'ArrowUp', 'Home', 'ArrowRight']
  .map((key) => {
    const startedAt = performance.now();
    document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    document.body.getBoundingClientRect();
    return performance.now() - startedAt;
  })
  .sort((one, other) => one - other)[5]`;
/** How far the page is wider than the window, px. */
const BEYOND = 'document.documentElement.scrollWidth - innerWidth';

/** More than 90 days of cohorts, and the three ways to come. */
function history() {
  const at = { seed: 7, endMs: NOW_MS - 2_000 };
  const events = [...cabinetHistory({ ...at, people: 400, days: 95, events: 10_000 }), ...mapHistory({ ...at, scale: 400, months: 5 })];
  return events.sort((one, other) => one.timeMs - other.timeMs);
}

function opening(userId: string, timeMs: number) {
  const facts = { userId, messageId: `${userId}-${timeMs}`, timestamp: new Date(timeMs).toISOString(), context: { app: { name: 'cabinet' } } };
  return { key: userId, value: JSON.stringify({ type: 'track', event: 'Cabinet Opened', ...facts }) };
}

describe.skipIf(noBrowser)('the retention page', () => {
  let dashboard: Dashboard;
  let page: Page;
  beforeAll(async () => {
    dashboard = await openDashboard({ files: ['auto-cabinet.yaml', 'map-constructor.yaml'], events: history() });
  }, 60_000);
  afterAll(() => dashboard?.close());
  afterEach(() => {
    expect(dashboard.errors).toEqual([]);
  });

  /** In the page of the test before, unless it is to look otherwise. */
  async function show(path: string, options?: Parameters<Dashboard['page']>[0]): Promise<void> {
    if (page === undefined || options !== undefined) {
      await page?.context().close();
      page = await dashboard.page(options);
    }
    await page.goto(dashboard.url + path);
    await page.locator('.triangle tbody td').first().waitFor();
  }
  const cell = (at: string) => page.locator(`.triangle td[data-cell="${at}"]`);
  const focused = () => page.locator(':focus').getAttribute('data-cell');
  /** A scroll to the cell hides the tooltip when it comes late: then the pointer comes again. */
  async function tipOf(at: Locator): Promise<string> {
    let text = '';
    await expect
      .poll(async () => {
        await page.mouse.move(0, 0);
        await at.hover();
        text = (await page.locator('.tooltip').allTextContents()).join('');
        return text;
      })
      .not.toBe('');
    return text;
  }
  const query = (name: string) => new URL(page.url()).searchParams.get(name);

  it('is walked by arrow keys; Enter opens a cell that the arrows take along, Escape closes it', async () => {
    await show(WIDE);
    expect(await page.locator('.triangle tbody tr').count()).toBe(90);
    await cell('0:0').focus();
    for (const key of ['ArrowRight', 'ArrowRight', 'PageDown', 'ArrowDown']) await page.keyboard.press(key);
    expect(await focused()).toBe('11:2');
    expect(await page.locator('.triangle th.lit').textContent()).toBe('2');
    await page.keyboard.press('Enter');
    expect(query('cell')).toMatch(/^2026-\d\d-\d\d:2$/);
    const panel = page.locator('.cell-panel');
    expect(await panel.textContent()).toMatch(/day 2.*\d+ of \d+.*(final since|can change until)/s);
    await panel.locator('tbody tr').first().waitFor();
    await page.keyboard.press('ArrowRight');
    expect(query('cell')).toMatch(/:3$/);
    expect(await panel.locator('h2').textContent()).toContain('day 3');
    await page.keyboard.press('Escape');
    expect(await panel.count()).toBe(0);
    expect(query('cell')).toBeNull();
    expect(await focused()).toBe('11:3');
  });

  it('keeps every switch in the URL, and the back button undoes them one by one', async () => {
    await show('/figure/visitor_weeks');
    const rate = await cell('0:1').textContent();
    await page.getByRole('button', { name: 'in it or after' }).click();
    await page.getByRole('button', { name: 'count' }).click();
    await page.getByRole('button', { name: 'by column' }).click();
    expect([query('show'), query('counts'), query('scale')]).toEqual(['onOrAfter', '1', 'column']);
    expect(await cell('0:1').textContent()).toMatch(/^\d+$/);
    for (const name of ['scale', 'counts', 'show']) {
      expect(query(name)).not.toBeNull();
      await page.goBack();
      expect(query(name)).toBeNull();
    }
    expect(await cell('0:1').textContent()).toBe(rate);
    expect(rate).toMatch(/%$/);
  });

  it(`hatches what can still change and says until when; what has not begun is empty; moves take less than ${MOST_MS} ms`, async () => {
    await show(WIDE);
    expect(await tipOf(page.locator('.triangle tbody td.open-cell').first())).toMatch(/\d+ of \d+ are .*can change until \d+ \w+ \d\d:\d\d \(in /s);
    const last = page.locator('.triangle tbody tr').first().locator('td').last();
    expect(await last.textContent()).toBe('');
    expect(await tipOf(last)).toContain('begins');
    await cell('4:4').focus();
    expect(Number(await page.evaluate(MOVES_TIMED))).toBeLessThan(MOST_MS);
  });

  it('lays two groups beside each other: two curves, and a triangle of differences with their signs', async () => {
    await show('/figure/visitor_weeks?slice=came');
    await page.getByLabel('against').selectOption({ label: 'standard' });
    expect(query('against')).toBe('=standard');
    const differences = page.locator('.triangle tbody td[class*="diverging-"]');
    await differences.first().waitFor();
    for (const text of await differences.allTextContents()) expect(text).toMatch(/^[+−±]\d+\.\d$/);
    expect(await page.locator('.age-curve path.band').count()).toBe(2);
    expect(await page.locator('.triangle thead tr').count()).toBe(4);
    expect(await tipOf(differences.first())).toMatch(/standard: .* are .*pp/s);
    await page.getByLabel('against').selectOption({ label: 'everybody' });
    await page.locator('.triangle thead th', { hasText: 'everybody' }).waitFor();
  });

  it('marks the cell that a live event changes, and says from what', async () => {
    await show(NARROW);
    const before = Number(await cell('2:0').textContent());
    await dashboard.send([opening('somebody-new', NOW_MS - 86_400_000), opening('somebody-new', NOW_MS)]);
    const changed = page.locator('.triangle tbody td.changed');
    await changed.first().waitFor();
    // Today's cohort and yesterday's have one more, and of yesterday's one more is back on day 1.
    expect(await page.locator('.triangle tbody tr').nth(1).locator('td.changed').count()).toBe(2);
    expect(Number(await cell('2:0').textContent())).toBe(before + 1);
    expect(await tipOf(cell('2:0'))).toContain(`${before} → ${before + 1} at`);
  });

  it.each([
    ['wide-light', NARROW, 1_280, 800, 'light'],
    ['wide-dark', DIFFERENCE, 1_280, 800, 'dark'],
    ['phone-light', DIFFERENCE, 390, 844, 'light'],
    ['phone-dark', NARROW, 390, 844, 'dark'],
  ] as const)('can be read by everybody: %s', async (name, path, width, height, theme) => {
    await show(path, { width, height, theme });
    await screenshot(page, `retention-${name}`);
    expect(Number(await page.evaluate(BEYOND))).toBeLessThanOrEqual(0);
    expect(await axeViolations(page)).toEqual([]);
  });
});
