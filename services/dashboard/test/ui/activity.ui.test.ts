// The page of an activity metric: it shows where people come from and how often, follows new events, and folds slices.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeViolations, type Dashboard, noBrowser, openDashboard, screenshot } from './dashboard.ts';

describe.skipIf(noBrowser)('the activity page', () => {
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await openDashboard({ files: ['auto-cabinet.yaml'] });
  });
  afterAll(() => dashboard.close());

  it.each([
    ['activity-wide-light', 1_280, 'light'],
    ['activity-phone-dark', 390, 'dark'],
  ] as const)('has its charts, strip and table, and nothing that axe finds: %s', async (name, width, theme) => {
    const page = await dashboard.page({ width, theme });
    await page.goto(`${dashboard.url}/figure/active_customers?compare=previous`);
    await page.locator('table.figures.days').waitFor();
    await screenshot(page, name, { fullPage: true });
    expect(await page.locator('.activity-charts canvas').count()).toBe(2);
    expect(await page.locator('.strip-cell').count()).toBe(60);
    expect(await page.locator('.activity-facts div').count()).toBe(5);
    expect(await page.evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth')).toBe(true);
    expect(await axeViolations(page)).toEqual([]);
    expect(dashboard.errors).toEqual([]);
    await page.context().close();
  });

  it('counts a newcomer while it is looked at, and marks what has changed', async () => {
    const page = await dashboard.page({ reducedMotion: true });
    await page.goto(`${dashboard.url}/figure/active_customers?last=7`);
    const ever = page.locator('table.figures').last().locator('tbody tr').first().locator('td').nth(6);
    const before = Number(await ever.textContent());
    const timestamp = new Date(dashboard.world.clock.nowMs()).toISOString();
    const opened = {
      type: 'track',
      event: 'Cabinet Opened',
      userId: 'somebody-new',
      messageId: 'new-1',
      timestamp,
      context: { app: { name: 'cabinet' } },
    };
    await dashboard.send([{ key: 'somebody-new', value: JSON.stringify(opened) }]);
    await page
      .getByText(String(before + 1), { exact: true })
      .first()
      .waitFor();
    expect(Number(await ever.textContent())).toBe(before + 1);
    await ever.locator('.changed').hover();
    expect(await page.getByRole('tooltip').textContent()).toContain(`${before} → ${before + 1}`);
    await page.context().close();
  });

  it('keeps in the address what it shows: the month, the line of slices', async () => {
    const page = await dashboard.page();
    await page.goto(`${dashboard.url}/figure/active_customers`);
    await page.getByRole('button', { name: 'per month' }).click();
    await page.getByText('On how many days of a month people come').waitFor();
    expect(page.url()).toContain('days=month');
    await page.goto(`${dashboard.url}/figure/active_customers?slice=channel&line=rolling.30`);
    await page.getByRole('heading', { name: 'within 30 days, per day' }).waitFor();
    await page.getByLabel('Lines show').selectOption('new');
    await page.getByRole('heading', { name: 'new, per day' }).waitFor();
    await page.goBack();
    await page.getByRole('heading', { name: 'within 30 days, per day' }).waitFor();
    expect(await page.locator('.legend .swatch').count()).toBeLessThanOrEqual(6);
    await page.context().close();
  });

  it('says in words why a long range has no number of people', async () => {
    const page = await dashboard.page();
    await page.goto(`${dashboard.url}/figure/active_customers?last=120`);
    await page.getByText('Distinct people are told exactly for at most 90 days at once').waitFor();
    await page.context().close();
  });
});
