// The page of a KPI: value, target and range before over time; sums to the last digit; rates as rates; live.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeViolations, type Dashboard, noBrowser, openDashboard, screenshot } from './dashboard.ts';

describe.skipIf(noBrowser)('the KPI page', () => {
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await openDashboard({ files: ['auto-cabinet.yaml'] });
  });
  afterAll(() => dashboard.close());

  it.each([
    ['kpi-count-light', 'offers_clicked?compare=previous', 1_280, 'light'],
    ['kpi-slices-dark', 'bookings?slice=channel', 1_280, 'dark'],
    ['kpi-rate-phone-dark', 'offer_click_rate?compare=previous', 390, 'dark'],
  ] as const)('shows %s, and nothing that axe finds', async (name, address, width, theme) => {
    const page = await dashboard.page({ width, theme });
    await page.goto(`${dashboard.url}/figure/${address}`);
    await page.locator('table.figures').first().waitFor();
    await screenshot(page, name, { fullPage: true });
    expect(await page.locator('.chart canvas').count()).toBe(1);
    expect(await page.evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth')).toBe(true);
    expect(await axeViolations(page)).toEqual([]);
    expect(dashboard.errors).toEqual([]);
    await page.context().close();
  });

  it('tells a share in per cent with what it is made of, and its difference in points', async () => {
    const page = await dashboard.page();
    await page.goto(`${dashboard.url}/figure/offer_click_rate?compare=previous`);
    const headline = await page.locator('.kpi-headline').textContent();
    expect(headline).toMatch(/^\d+\.\d\s%/);
    expect(headline).toMatch(/over 30 days, \d+ of [\d\s]+/);
    expect(headline).toMatch(/pp against the 29 days before/);
    await page.context().close();
  });

  it('adds an amount while it is looked at, to the last digit', async () => {
    const page = await dashboard.page();
    await page.goto(`${dashboard.url}/figure/order_amount?last=24`);
    const cell = page.getByRole('row', { name: 'Sat, 21 Nov 2026, 21:00' }).locator('td').first();
    const before = ((await cell.textContent()) ?? '').replaceAll(/[^\d.]/g, '');
    const timestamp = new Date(dashboard.world.clock.nowMs() - 60_000).toISOString();
    const facts = { messageId: 'amount-1', timestamp, properties: { amount: 10_000_000.07 }, context: { app: { name: 'cabinet' } } };
    await dashboard.send([{ key: 'somebody', value: JSON.stringify({ type: 'track', event: 'Order Completed', userId: 'somebody', ...facts }) }]);
    await cell.locator('.changed').waitFor();
    const after = ((await cell.textContent()) ?? '').replaceAll(/[^\d.]/g, '');
    expect(cents(after) - cents(before)).toBe(1_000_000_007n);
    await cell.locator('.changed').hover();
    expect(await page.getByRole('tooltip').textContent()).toContain('→');
    await page.context().close();
  });
});

function cents(amount: string): bigint {
  const [whole = '0', fraction = ''] = amount.split('.');
  return BigInt(whole) * 100n + BigInt(fraction.padEnd(2, '0'));
}
