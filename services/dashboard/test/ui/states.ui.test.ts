// States that are not the usual one: a key is asked for, nobody answers, figures are stale, a partition is halted, nothing was counted.
import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { axeViolations, type Dashboard, noBrowser, openDashboard, screenshot } from './dashboard.ts';

const small = { files: ['auto-cabinet.yaml'], events: [] };

describe.skipIf(noBrowser)('an unusual state', () => {
  let dashboard: Dashboard | null = null;
  afterEach(async () => {
    await dashboard?.close();
    dashboard = null;
  });

  it('asks for a key, says that one is not known, keeps the right one for this tab, and shows the figures', async () => {
    const key = `tmk_${'a'.repeat(43)}`;
    const hash = createHash('sha256').update(key).digest();
    dashboard = await openDashboard({ ...small, access: { keys: [{ name: 'reader', scopes: ['read'], hash }] } });
    const page = await dashboard.page();
    await page.goto(dashboard.url);
    await page.getByRole('heading', { name: 'These figures need a key' }).waitFor();
    await screenshot(page, 'key');
    await page.getByRole('textbox', { name: 'Key' }).fill('wrong');
    await page.getByRole('button', { name: 'Show the figures' }).click();
    await page.getByRole('heading', { name: 'This key is not known' }).waitFor();
    await page.getByRole('textbox', { name: 'Key' }).fill(key);
    await page.getByRole('button', { name: 'Show the figures' }).click();
    await page.getByRole('heading', { level: 1, name: 'auto-cabinet' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'auto-cabinet' }).waitFor();
    expect(dashboard.errors).toEqual([]);
  });

  it('says what to send where nothing was counted, with a command that works', async () => {
    dashboard = await openDashboard(small);
    const page = await dashboard.page();
    await page.goto(`${dashboard.url}/figure/active_customers`);
    await page.locator('h1').waitFor();
    await screenshot(page, 'nothing-yet');
    expect(await axeViolations(page)).toEqual([]);
  });

  it('goes on showing figures while nobody answers, says of when they are, and is live again by itself', async () => {
    dashboard = await openDashboard({ files: ['auto-cabinet.yaml'] });
    const page = await dashboard.page();
    await page.goto(`${dashboard.url}/figure/active_customers`);
    await page.locator('table.figures').first().waitFor();
    await page.context().setOffline(true);
    await page.evaluate('document.title');
    await page.clock.runFor(45_000);
    await page.getByText(/Showing figures of \d\d:\d\d:\d\d; reconnecting/).waitFor({ timeout: 20_000 });
    await screenshot(page, 'offline');
    expect(await page.locator('table.figures td').count()).toBeGreaterThan(30);
    await page.context().setOffline(false);
    await page.clock.runFor(20_000);
    await page.locator('.mark-live, .mark-stale').waitFor({ timeout: 20_000 });
  });

  it('says since when figures are stale, and which partition is halted', async () => {
    dashboard = await openDashboard({ files: ['auto-cabinet.yaml'] });
    const page = await dashboard.page();
    await page.goto(`${dashboard.url}/figure/active_customers`);
    await page.locator('.mark-live').waitFor();
    dashboard.pass(600_000);
    await page.getByText(/^stale since \d\d:\d\d$/).waitFor({ timeout: 20_000 });
    await screenshot(page, 'stale');
    await dashboard.world.publish({ halted: 'the log was rewritten' });
    dashboard.pass(1_000);
    await page.getByText('partitions 0, 1 halted').waitFor({ timeout: 20_000 });
    await page.getByText('the log was rewritten').first().waitFor({ timeout: 20_000 });
    await screenshot(page, 'halted');
  });
});
