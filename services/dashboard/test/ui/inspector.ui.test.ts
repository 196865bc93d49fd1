// The inspector: records as they come with what became of them, paused, filtered, after a lost stream.
import { witnessedRecord } from '@tidemark/testing/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeViolations, type Dashboard, noBrowser, openDashboard, screenshot } from './dashboard.ts';

const DAY_MS = 86_400_000;

describe.skipIf(noBrowser)('single events', () => {
  let dashboard: Dashboard;
  let offset = 0;
  beforeAll(async () => {
    dashboard = await openDashboard({ files: ['auto-cabinet.yaml'] });
  });
  afterAll(() => dashboard.close());

  /** Into the trail, as a worker tells them. */
  async function tell(actor: string, changes: Parameters<typeof witnessedRecord>[2] = {}, event = 'Slot Chosen'): Promise<void> {
    const { world } = dashboard;
    const recordMs = world.clock.nowMs();
    const parsed = { event, actorKind: 'user', actorId: actor, messageId: `m${++offset}`, timeMs: recordMs - 1_000 } as const;
    const value = JSON.stringify({ type: 'track', event, userId: actor });
    await world.trail.trail.append(world.lineage, 0, [
      witnessedRecord(0, offset, { recordMs, clockMs: recordMs, key: actor, parsed, value, valueBytes: value.length, ...changes }),
    ]);
  }

  it.each([
    ['inspector-wide-light', 1_280, 'light'],
    ['inspector-phone-dark', 390, 'dark'],
  ] as const)('come as lines with outcome and reason: %s', async (name, width, theme) => {
    const page = await dashboard.page({ width, theme });
    await page.goto(`${dashboard.url}/inspector`);
    await page.getByText(/^Watching since/).waitFor();
    await tell(`${name}-1`);
    await tell(`${name}-2`, { outcome: 'late', clockMs: dashboard.world.clock.nowMs() + 9 * DAY_MS, skipped: 37 });
    await tell(`${name}-3`, { outcome: 'rejected', reason: 'bad_timestamp', parsed: null });
    const first = page.locator('.event').first();
    await first.getByText(`${name}-3`).waitFor();
    expect(await first.locator('.outcome').textContent()).toBe('rejected');
    expect(await page.locator('.event').nth(1).locator('.event-words').textContent()).toContain("behind the partition's clock: at most 7 d counts");
    await page.getByText('37 records of partition 0 before this one are not shown').first().waitFor();
    await page.locator('.event-line').nth(1).click();
    await page.getByText('Written to the log').waitFor();
    await screenshot(page, name);
    expect(await page.evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth')).toBe(true);
    expect(await axeViolations(page)).toEqual([]);
    expect(dashboard.errors).toEqual([]);
    await page.context().close();
  });

  it('wait while Space has paused them, and come when it goes on', async () => {
    const page = await dashboard.page();
    await page.goto(`${dashboard.url}/inspector`);
    await page.locator('.event').first().waitFor();
    await page.keyboard.press('Space');
    await page.getByText('Paused; nothing new since').waitFor();
    await tell('patient');
    await page.getByText('Paused; 1 new since').waitFor();
    expect(await page.getByText('patient').count()).toBe(0);
    await page.keyboard.press('Space');
    await page.getByText('patient').waitFor();
    // What is opened stays where it is.
    await page.locator('.event-line').first().press('Enter');
    await page.getByText(/^Paused;/).waitFor();
    await page.locator('.event-line').first().press('Space');
    await page.getByText(/^Watching since/).waitFor();
    await page.context().close();
  });

  it('are filtered by actor and outcome, which the address keeps', async () => {
    await tell('one');
    await tell('two', { outcome: 'duplicate' });
    await tell('one', { outcome: 'duplicate' });
    const page = await dashboard.page();
    await page.goto(`${dashboard.url}/inspector?outcome=duplicate`);
    await page.locator('.event').nth(1).waitFor();
    expect(await page.locator('.outcome').allTextContents()).toEqual(['duplicate', 'duplicate']);
    await page.getByLabel('Actor id').fill('one');
    await page.getByLabel('Actor id').press('Enter');
    await expect.poll(() => page.locator('.event').count()).toBe(1);
    expect(page.url()).toContain('actor=one');
    await page.getByRole('button', { name: 'duplicate', exact: true }).click();
    await expect.poll(() => page.locator('.event').count()).toBe(2);
    await page.goBack();
    await expect.poll(() => page.locator('.event').count()).toBe(1);
    await page.context().close();
  });

  it('go on after the stream was lost, and the gap is told', async () => {
    const page = await dashboard.page();
    await page.goto(`${dashboard.url}/inspector`);
    await page.locator('.event').first().waitFor();
    const shown = await page.locator('.event').count();
    dashboard.world.events.close();
    await tell('afterwards');
    await page.getByText('afterwards').waitFor();
    await page.getByText(/^Not connected from/).waitFor();
    expect(await page.locator('.event').count()).toBe(shown + 1);
    await page.context().close();
  });

  it('never execute: a hostile name and value are text, and what hides is named', async () => {
    const evil = '<img src=x onerror="window.__pwned=1">\u202etxt';
    await tell('hostile', { value: JSON.stringify({ note: evil }) }, evil);
    const page = await dashboard.page();
    await page.goto(`${dashboard.url}/inspector?actor=hostile`);
    await page.locator('.event-line').first().press('Enter');
    expect(await page.locator('.event-name').first().textContent()).toBe('<img src=x onerror="window.__pwned=1">‹U+202E›txt');
    expect(await page.locator('.event-value').textContent()).toContain('‹U+202E›txt');
    expect(await page.evaluate('window.__pwned')).toBeUndefined();
    await page.context().close();
  });
});
