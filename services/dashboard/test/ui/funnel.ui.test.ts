// The page of a funnel in a real browser: bars, switches in the URL, times by keyboard, slices, live changes.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeViolations, type Dashboard, noBrowser, openDashboard, screenshot, trackOf } from './dashboard.ts';

describe.skipIf(noBrowser)('the page of a funnel', () => {
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await openDashboard();
  }, 60_000);
  afterAll(() => dashboard.close());

  async function open(query: string, options: Parameters<Dashboard['page']>[0] = {}) {
    const page = await dashboard.page(options);
    await page.goto(`${dashboard.url}/figure/booking_funnel${query}`);
    await page.locator('.funnel').waitFor();
    return page;
  }

  it('counts people or entries by a switch that is in the URL, and the back button undoes it', async () => {
    const page = await open('');
    const people = await page.locator('.funnel-count').allInnerTexts();
    await page.getByRole('button', { name: 'entries' }).click();
    await page.getByText('entries went from').waitFor();
    expect(new URL(page.url()).search).toBe('?count=entries');
    const entries = await page.locator('.funnel-count').allInnerTexts();
    expect(entries).not.toEqual(people);
    await page.goBack();
    await page.getByText('people went from').waitFor();
    expect(new URL(page.url()).search).toBe('');
    expect(await page.locator('.funnel-count').allInnerTexts()).toEqual(people);
    await page.getByRole('button', { name: 'each step' }).click();
    expect(new URL(page.url()).search).toBe('?trend=each');
    await page.context().close();
  });

  it('says between two steps what the service answers: how many left, and the median time to go on', async () => {
    const page = await open('');
    const answer = await (await page.request.get(`${dashboard.url}/v1/funnels/booking_funnel`)).json();
    const [first, second] = answer.steps;
    const words = ((await page.locator('.funnel-between p').first().textContent()) ?? '').replaceAll('\u202f', ' ');
    expect(words).toContain(
      `−${((1 - second.uniques / first.uniques) * 100).toFixed(1)} % left here so far (${first.uniques - second.uniques}), median`,
    );
    expect(await page.locator('.funnel-target').count()).toBe(1);
    await page.context().close();
  });

  it('opens the times of a step by keyboard, goes from bar to bar, and closes with Escape', async () => {
    const page = await open('', { reducedMotion: true });
    await page.getByRole('button', { name: 'times to step 3' }).focus();
    await page.keyboard.press('Enter');
    const times = page.getByRole('region', { name: 'Times to step 3' });
    await times.waitFor();
    expect(new URL(page.url()).search).toBe('?times=3');
    await times.getByRole('button', { name: 'from the first step' }).press('Enter');
    await times.getByText('from the first step to').waitFor();
    expect(new URL(page.url()).search).toBe('?times=3&since=first');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight');
    const bar = await page.evaluate('document.activeElement.getAttribute("aria-label")');
    expect(bar).toMatch(/ to .*: \d+ \(/);
    expect(await page.getByRole('tooltip').textContent()).toBe(bar);
    await page.keyboard.press('Escape');
    await times.waitFor({ state: 'detached' });
    expect(new URL(page.url()).searchParams.has('times')).toBe(false);
    await page.context().close();
  });

  it('puts slice values side by side as entries, and says why', async () => {
    const page = await open('?slice=device&compare=previous');
    expect(await page.locator('.funnel > li').first().locator('.funnel-bar').count()).toBe(3);
    expect(await page.getByText('Distinct people of a slice are kept per day alone').count()).toBe(1);
    await page.locator('.funnel-bar').first().focus();
    await page.keyboard.press('ArrowDown');
    expect(await page.evaluate('document.activeElement.dataset.cell')).toBe('1:0');
    expect(await page.getByRole('tooltip').textContent()).toContain('Slot Chosen');
    await page.context().close();
  });

  it('marks what has changed since the page was opened', async () => {
    const page = await open('');
    expect(await page.locator('.funnel .changed').count()).toBe(0);
    const at = (name: string, second: number, properties: object = {}) => {
      const event = trackOf(name, 'newcomer', { timestamp: `2026-11-21T17:59:${second}.000Z`, messageId: `newcomer-${second}`, properties });
      return { ...event, value: JSON.stringify({ ...JSON.parse(event.value), context: { app: { name: 'cabinet' } } }) };
    };
    await dashboard.send([at('Cabinet Opened', 10), at('Slot Chosen', 20), at('Service Booked', 30, { channel: 'app' })]);
    await page.locator('.funnel .changed').nth(2).waitFor();
    expect(await page.locator('.funnel .changed').first().getAttribute('data-tip')).toMatch(/→/);
    expect(dashboard.errors).toEqual([]);
    await page.context().close();
  });

  it.each([
    ['funnel-wide-light', 1_280, 800, 'light', '?times=3&compare=previous'],
    ['funnel-phone-dark', 390, 844, 'dark', '?slice=device&times=2'],
  ] as const)('has nothing that axe finds wrong, and does not scroll sideways: %s', async (name, width, height, theme, query) => {
    const page = await open(query, { width, height, theme });
    await page.locator('table.figures').nth(1).waitFor();
    await screenshot(page, name, { fullPage: true });
    expect(await axeViolations(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    expect(dashboard.errors).toEqual([]);
    await page.context().close();
  });
});
