// The page of an activation in a real browser: cohorts with whiskers, conditions, ages, times, slices, live changes.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeViolations, type Dashboard, noBrowser, openDashboard, screenshot, trackOf } from './dashboard.ts';

describe.skipIf(noBrowser)('the page of an activation', () => {
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await openDashboard();
  }, 60_000);
  afterAll(() => dashboard.close());

  async function open(query: string, options: Parameters<Dashboard['page']>[0] = {}, metric = 'north_star') {
    const page = await dashboard.page(options);
    await page.goto(`${dashboard.url}/figure/${metric}${query}`);
    await page.locator('.activation').waitFor();
    return page;
  }

  it('shows a cohort alone that was chosen by keyboard; it is in the URL, and the back button undoes it', async () => {
    const page = await open('?last=8');
    await page.locator('.plot-place').first().focus();
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'all cohorts together' }).waitFor();
    expect(new URL(page.url()).search).toBe('?last=8&cohort=2026-11-09');
    expect(await page.locator('.plot-place[aria-pressed="true"]').getAttribute('aria-label')).toContain('week of 9 Nov 2026');
    await page.goBack();
    await page.getByText('Below: all cohorts together').waitFor();
    await page.locator('table.figures').first().locator('[data-cell="2:0"]').focus();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/*cohort=2026-11-02*');
    await page.context().close();
  });

  it('lists the conditions of a cohort with the most missed first', async () => {
    const page = await open('?last=8&cohort=2026-10-26');
    const { cohorts } = await (await page.request.get(`${dashboard.url}/v1/activation/north_star?from=2026-10-26&to=2026-10-26`)).json();
    const [{ size, conditions }] = cohorts;
    const expected = conditions
      .map(({ name, met }: { name: string; met: number }) => ({ name, met }))
      .sort((one: { met: number }, other: { met: number }) => one.met - other.met);
    const lines = (await page.locator('.conditions > li').allInnerTexts()).map((text) => text.replaceAll('\u202f', ' ').replace(/\s+/g, ' '));
    expect(lines).toEqual(
      expected.map(({ name, met }: { name: string; met: number }) => `${name} ${met} of ${size} met ${((met / size) * 100).toFixed(1)} %`),
    );
    await page.context().close();
  });

  it('tells times in words, and opens their histogram by keyboard', async () => {
    const page = await open('?last=8');
    const times = page.getByRole('region', { name: 'Time to activate' });
    expect(await times.textContent()).toMatch(/half of those who are activated took at most .*, nine in ten at most .* \(n = \d+\)/);
    await times.getByRole('button', { name: 'histogram' }).press('Enter');
    await times.locator('.histogram').waitFor();
    expect(new URL(page.url()).search).toBe('?last=8&times=1');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight');
    expect(await page.evaluate('document.activeElement.dataset.cell')).toBe('0:1');
    await page.keyboard.press('Escape');
    await times.locator('.histogram').waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('draws slice values as small multiples on one scale', async () => {
    const page = await open('?last=8&slice=segment');
    const plots = await page.locator('.plot-small .plot').all();
    const ends = await Promise.all(plots.map((plot) => plot.locator('.plot-line').last().textContent()));
    expect(ends.length).toBeGreaterThan(1);
    expect(new Set(ends).size).toBe(1);
    expect(await page.locator('.condition').count()).toBe(3 * ends.length);
    await page.context().close();
  });

  it('shows the share by age of a window without an end', async () => {
    const page = await open('', {}, 'ever_bought');
    expect(await page.locator('.headline').textContent()).toMatch(/people were activated within \d+ weeks of their entry/);
    expect(await page.locator('.age-curves path').count()).toBeGreaterThan(1);
    await page.context().close();
  });

  it('marks what has changed since the page was opened', async () => {
    const page = await open('?last=8');
    expect(await page.locator('.changed').count()).toBe(0);
    const at = (name: string, second: number, properties: object = {}) => {
      const event = trackOf(name, 'newcomer', { timestamp: `2026-11-21T17:59:${second}.000Z`, messageId: `newcomer-${second}`, properties });
      return { ...event, value: JSON.stringify({ ...JSON.parse(event.value), context: { app: { name: 'cabinet' } } }) };
    };
    await dashboard.send([
      at('Service Visited', 10),
      at('Service Booked', 20, { channel: 'app' }),
      at('Video Report Viewed', 30),
      at('Offer Opened', 40),
    ]);
    await page.locator('table.figures .changed').nth(3).waitFor();
    expect(await page.locator('table.figures .changed').first().getAttribute('data-tip')).toMatch(/→/);
    expect(dashboard.errors).toEqual([]);
    await page.context().close();
  });

  it.each([
    ['activation-wide-light', 1_280, 800, 'light', '?last=13&cohort=2026-10-26&compare=previous'],
    ['activation-phone-dark', 390, 844, 'dark', '?last=8&slice=channel&times=1'],
  ] as const)('has nothing that axe finds wrong, and does not scroll sideways: %s', async (name, width, height, theme, query) => {
    const page = await open(query, { width, height, theme });
    await screenshot(page, name, { fullPage: true });
    expect(await axeViolations(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    expect(dashboard.errors).toEqual([]);
    await page.context().close();
  });
});
