// Growth against decay in a real browser: a total, the cohorts of the same months, and a sentence that is computed from both.
import { NOW_MS } from '@tidemark/query/testing';
import { mapHistory } from '@tidemark/testing';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { axeViolations, type Dashboard, noBrowser, openDashboard, screenshot } from './dashboard.ts';

/** How far the page is wider than the window, px. */
const BEYOND = 'document.documentElement.scrollWidth - innerWidth';
const PATH = '/growth/map-constructor';

describe.skipIf(noBrowser)('growth against decay', () => {
  let dashboard: Dashboard;
  let page: Page;
  beforeAll(async () => {
    // As large as the sample of the README: 10,000 people are 200.
    const events = mapHistory({ seed: 7, endMs: NOW_MS - 2_000, scale: 50, months: 6 });
    dashboard = await openDashboard({ files: ['map-constructor.yaml'], events });
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
    await page.locator('.sentence').waitFor();
  }
  const sentence = async () => ((await page.locator('.sentence p').first().textContent()) ?? '').replace(/\s+/g, ' ');
  const query = (name: string) => new URL(page.url()).searchParams.get(name);

  it('says in one sentence that the total has grown while retention has fallen', async () => {
    await show(PATH);
    const said = await sentence();
    expect(said).toMatch(
      /^Active people grew by [\d ]+ % from \w+ 2026 to \w+ 2026, while retention in month 1 fell from 30\.0 % of the cohort of \w+ 2026 to 22\.0 % of \w+ 2026\.$/,
    );
    expect(await page.locator('.verdict').textContent()).toContain('growth hides decay');
    const [, percent] = /grew by ([\d ]+) %/.exec(said) ?? [];
    const total = page.locator('table.figures tbody tr:not(.open) td:nth-child(2)');
    const [last = Number.NaN, first = Number.NaN] = [await total.first().textContent(), await total.last().textContent()].map((text) =>
      Number((text ?? '').replace(/\s/g, '')),
    );
    expect(Number(percent?.replaceAll(' ', ''))).toBe(Math.round((last / first - 1) * 100));
  });

  it('tells another total and another age, both in the URL', async () => {
    await show(PATH);
    await page.getByLabel('Total').selectOption({ label: 'revenue' });
    await page.getByRole('button', { name: 'month 2' }).click();
    expect([query('total'), query('age')]).toEqual(['revenue', '2']);
    expect(await sentence()).toMatch(/^Revenue grew by .* while retention in month 2 fell from/);
    await page.goBack();
    await page.goBack();
    expect([query('total'), query('age')]).toEqual([null, null]);
    expect(await sentence()).toMatch(/^Active people/);
  });

  it('opens a cell of its cohorts on the page of the retention', async () => {
    await show(PATH);
    await page.locator('.triangle tbody td.open-cell').first().focus();
    expect(await page.locator('.tooltip').textContent()).toContain('can change until');
    await page.keyboard.press('Enter');
    await page.locator('.cell-panel').waitFor();
    expect(new URL(page.url()).pathname).toBe('/figure/month_cohorts');
    expect(query('cell')).toMatch(/^2026-\d\d-01:\d$/);
  });

  it.each([
    ['wide-light', 1_280, 800, 'light'],
    ['wide-dark', 1_280, 800, 'dark'],
    ['phone-light', 390, 844, 'light'],
    ['phone-dark', 390, 844, 'dark'],
  ] as const)('can be read by everybody: %s', async (name, width, height, theme) => {
    await show(PATH, { width, height, theme });
    await screenshot(page, `growth-${name}`);
    expect(Number(await page.evaluate(BEYOND))).toBeLessThanOrEqual(0);
    expect(await axeViolations(page)).toEqual([]);
  });
});
