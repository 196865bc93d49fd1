// The explanation: one actor's part in a figure, the events that it comes from, and who may not see them.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeViolations, type Dashboard, noBrowser, openDashboard, screenshot } from './dashboard.ts';

describe.skipIf(noBrowser)('the events of one actor', () => {
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await openDashboard({ files: ['auto-cabinet.yaml'] });
  });
  afterAll(() => dashboard.close());

  it.each([
    ['explain-wide-light', 1_280, 'light'],
    ['explain-phone-dark', 390, 'dark'],
  ] as const)('make up what an actor adds to a figure: %s', async (name, width, theme) => {
    const page = await dashboard.page({ width, theme });
    await page.goto(`${dashboard.url}/figure/booking_funnel`);
    await page.getByRole('link', { name: 'what one person adds' }).click();
    await page.getByLabel('Actor id').fill('customer-000233');
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.getByText('of them play a part in this figure').waitFor();
    expect(page.url()).toContain('/explain/booking_funnel?actor=customer-000233');
    expect(await page.locator('section[aria-label="Contributions"] tbody tr').count()).toBeGreaterThan(0);
    const events = await page.locator('.timeline-event').count();
    await page.getByLabel('only those that play a part').check();
    expect(await page.locator('.timeline-event').count()).toBeLessThan(events);
    await page.locator('.timeline summary').first().click();
    await page.locator('.event-value').waitFor();
    await screenshot(page, name, { fullPage: true });
    expect(await page.evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth')).toBe(true);
    expect(await axeViolations(page)).toEqual([]);
    await page.getByLabel('Actor id').fill('nobody-at-all');
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.getByText('Nothing of this actor is in the archive').waitFor();
    expect(dashboard.errors).toEqual([]);
    await page.context().close();
  });
});

describe.skipIf(noBrowser)('single events without the scope', () => {
  it('are not shown, and both pages say why', async () => {
    const dashboard = await openDashboard({ files: ['auto-cabinet.yaml'], events: [], access: { inspectWithoutKey: false } });
    const page = await dashboard.page();
    await page.goto(`${dashboard.url}/inspector`);
    await page.getByRole('heading', { name: 'Single events are not for everybody' }).waitFor();
    await page.goto(`${dashboard.url}/explain/active_customers?actor=ann`);
    await page.getByRole('heading', { name: 'Single people are not for everybody' }).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await dashboard.close();
  });
});
