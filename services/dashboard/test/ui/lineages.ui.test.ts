// A definition changes under an open page: the new one catches up and says how far, takes over by itself, and the old one stays a link away.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_SETTINGS, lineageOf } from '@tidemark/core';
import { type JournalEntry, LOG_ORIGIN } from '@tidemark/pipeline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeViolations, type Dashboard, noBrowser, openDashboard, screenshot, setOf, trackOf } from './dashboard.ts';

const FILE = 'auto-cabinet.yaml';
const text = readFileSync(join(import.meta.dirname, '../../../../schemas/metrics', FILE), 'utf8');
const changed = text.replace(/(id: active_customers[\s\S]*?event: )"\*"/, '$1Service Booked');
const sets = { old: setOf(text, FILE), new: setOf(changed, FILE) };
const lineages = { old: lineageOf(sets.old, DEFAULT_SETTINGS), new: lineageOf(sets.new, DEFAULT_SETTINGS) };
const revisionOf = (which: 'old' | 'new'): string => sets[which].metrics.find(({ id }) => id === 'active_customers')?.revision ?? '';
let messages = 0;
const booked = (people: number) =>
  Array.from({ length: people }, (_, at) => {
    const facts = { timestamp: '2026-11-21T17:00:00Z', messageId: `late${messages++}`, properties: {} };
    const { key, value } = trackOf(at % 2 === 0 ? 'Service Booked' : 'Cabinet Opened', `person${at}`, facts);
    return { key, value: JSON.stringify({ ...JSON.parse(value), context: { app: { name: 'cabinet' } } }) };
  });

describe.skipIf(noBrowser)('a definition that changes', () => {
  let dashboard: Dashboard;
  let sequence = 0;
  const decide = async (kind: JournalEntry['kind'], which: 'old' | 'new'): Promise<void> => {
    sequence++;
    const { world } = dashboard;
    await world.journal.append({
      sequence,
      id: `entry${sequence}`,
      atMs: world.clock.nowMs(),
      by: 'maria',
      kind,
      set: sets[which].name,
      lineage: lineages[which],
      revision: sets[which].revision,
      files: [{ name: FILE, text: which === 'old' ? text : changed }],
      origin: LOG_ORIGIN,
      positions: [],
    });
    await world.follow();
    await world.look();
  };
  beforeAll(async () => {
    dashboard = await openDashboard({ files: [FILE], unservedSets: [sets.new], events: booked(40) });
    await decide('adopt', 'old');
    await decide('start', 'new');
    // The old lineage goes on, the new one stands where it was.
    dashboard.world.fold(booked(10));
    await dashboard.world.publish({}, undefined, (lineage) => lineage === lineages.old);
    await dashboard.world.look();
  });
  afterAll(() => dashboard.close());

  it('is said on board and figure while it catches up, quietly, in the dark and on a phone too', async () => {
    const wide = await dashboard.page();
    await wide.goto(`${dashboard.url}/board/auto-cabinet`);
    await wide.getByText('A new definition of auto-cabinet catches up').first().waitFor();
    await wide.getByText(/^80(\.0)?\s?%, time left unknown; these figures/).waitFor();
    await screenshot(wide, 'lineage-coming-board');
    await wide.context().close();
    const page = await dashboard.page({ theme: 'dark', width: 390 });
    await page.goto(`${dashboard.url}/figure/active_customers`);
    await page.getByRole('link', { name: 'see this figure by the new one so far' }).waitFor();
    await page.locator('table.figures').first().waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    expect(await axeViolations(page)).toEqual([]);
    await screenshot(page, 'lineage-coming-figure-dark');
    await page.context().close();
  });

  it('takes over under an open page, which then leads to the old revision and back, by keyboard', async () => {
    const page = await dashboard.page({ width: 390 });
    await page.goto(`${dashboard.url}/figure/active_customers`);
    await page.locator('table.figures').first().waitFor();
    expect(await page.locator('.figure-page .facts code').textContent()).toBe(revisionOf('old').slice(0, 12));
    await dashboard.world.publish();
    dashboard.pass(1_000);
    await decide('switch', 'new');
    await page.locator('.facts code', { hasText: revisionOf('new').slice(0, 12) }).waitFor({ timeout: 20_000 });
    await page.clock.runFor(6_000);
    const before = page.getByRole('link', { name: 'see it as it was' });
    await before.waitFor();
    await page.getByText('by maria').waitFor();
    await page.locator('.definition.exact', { hasText: 'Service Booked' }).waitFor();
    await screenshot(page, 'lineage-changed-phone');
    await before.focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/figure/active_customers?revision=${revisionOf('old')}`);
    await page.getByText('Another revision').waitFor();
    await page.getByText('It was served before, and is kept current.').waitFor();
    await page.locator('.facts code', { hasText: revisionOf('old').slice(0, 12) }).waitFor();
    expect(await page.locator('.definition.exact').textContent()).not.toContain('Service Booked');
    expect(await page.locator('.links a').getAttribute('href')).toContain(`revision=${revisionOf('old')}`);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    expect(await axeViolations(page)).toEqual([]);
    await screenshot(page, 'lineage-old-phone');
    await page.getByRole('link', { name: 'back to the figure as it is served' }).focus();
    await page.keyboard.press('Enter');
    await page.locator('.facts code', { hasText: revisionOf('new').slice(0, 12) }).waitFor();
    expect(new URL(page.url()).search).toBe('');
    await page.context().close();
  });

  it('that nobody knows is refused in words, with the way back', async () => {
    const page = await dashboard.page({ theme: 'dark' });
    await page.goto(`${dashboard.url}/figure/active_customers?revision=0123456789abcdef`);
    await page.getByText('has no revision 0123456789abcdef').waitFor();
    await screenshot(page, 'lineage-unknown-dark');
    await page.getByRole('link', { name: 'back to the figure as it is served' }).click();
    await page.locator('table.figures').first().waitFor();
    expect(dashboard.errors).toEqual([]);
    await page.context().close();
  });
});
