// The frame in a real browser: it shows figures, keeps its state in the URL, and says what is wrong.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeViolations, type Dashboard, noBrowser, openDashboard, screenshot } from './dashboard.ts';

describe.skipIf(noBrowser)('the frame', () => {
  let dashboard: Dashboard;
  beforeAll(async () => {
    const startedAt = performance.now();
    dashboard = await openDashboard();
    console.log(`opened in ${Math.round(performance.now() - startedAt)} ms`);
  });
  afterAll(() => dashboard.close());

  it.each([
    ['board-wide-light', 1_280, 800, 'light'],
    ['board-wide-dark', 1_280, 800, 'dark'],
    ['board-phone-light', 390, 844, 'light'],
    ['board-phone-dark', 390, 844, 'dark'],
  ] as const)('shows the board of the first set: %s', async (name, width, height, theme) => {
    const page = await dashboard.page({ width, height, theme });
    await page.goto(dashboard.url);
    await page.locator('.tile').first().waitFor();
    await screenshot(page, name);
    expect(await page.locator('.tile').count()).toBe(12);
    expect(await axeViolations(page)).toEqual([]);
    expect(dashboard.errors).toEqual([]);
    await page.context().close();
  });

  it.each(['cabinet_retention', 'booking_funnel', 'north_star', 'active_customers', 'self_service_bookings'])('shows the figure %s', async (id) => {
    const page = await dashboard.page();
    await page.goto(`${dashboard.url}/figure/${id}`);
    await page.locator('table.figures').first().waitFor();
    await screenshot(page, id);
    expect(await axeViolations(page)).toEqual([]);
    expect(dashboard.errors).toEqual([]);
    await page.context().close();
  });
});
