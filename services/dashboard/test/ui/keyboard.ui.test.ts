// Every page by keyboard alone: found by the search, each control reached by Tab and left again, and nothing that axe finds, in both themes.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeViolations, type Dashboard, noBrowser, openDashboard } from './dashboard.ts';

/** More than any page has. */
const MOST_STOPS = 400;

/** What can be worked, is seen and is not part of a group that the arrows walk through (radio buttons aside, those have tabindex -1). */
const CONTROLS = `[...document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]')]
  .filter((each) => each.tabIndex >= 0 && !each.disabled && each.checkVisibility({ visibilityProperty: true }))`;

const PAGES = [
  ['board', '/board/auto-cabinet'],
  ['retention', '/figure/cabinet_retention'],
  ['funnel', '/figure/booking_funnel?slice=channel'],
  ['activation', '/figure/north_star'],
  ['activity', '/figure/active_customers'],
  ['kpi', '/figure/bookings'],
  ['growth', '/growth/auto-cabinet'],
  ['inspector', '/inspector/auto-cabinet'],
  ['explain', '/explain/active_customers'],
] as const;

describe.skipIf(noBrowser)('by keyboard alone', () => {
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await openDashboard({ files: ['auto-cabinet.yaml'] });
  });
  afterAll(() => dashboard.close());

  it('a figure is found by its name and opened', async () => {
    const page = await dashboard.page();
    await page.goto(`${dashboard.url}/board/auto-cabinet`);
    await page.locator('main h1').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('from the chat');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/figure\/chat_funnel/);
    await page.context().close();
  });

  it.each(PAGES.flatMap(([name, address]) => (['light', 'dark'] as const).map((theme) => [name, theme, address] as const)))(
    'every control of %s is reached and left, %s',
    async (_name, theme, address) => {
      const page = await dashboard.page({ theme });
      await page.goto(dashboard.url + address);
      await page.locator('main h1').waitFor();
      // Skeletons have no controls yet.
      await page.locator('.skeleton').waitFor({ state: 'detached' });
      await page.evaluate('window.reached = new Set()');
      let stops = 0;
      for (let left = false; !left && stops < MOST_STOPS; stops++) {
        await page.keyboard.press('Tab');
        left = await page.evaluate('(() => { const at = document.activeElement; window.reached.add(at); return at === document.body; })()');
      }
      expect(stops).toBeLessThan(MOST_STOPS);
      expect(await page.evaluate(`${CONTROLS}.filter((each) => !window.reached.has(each)).map((each) => each.outerHTML.slice(0, 120))`)).toEqual([]);
      expect(await axeViolations(page)).toEqual([]);
      expect(dashboard.errors).toEqual([]);
      await page.context().close();
    },
  );
});
