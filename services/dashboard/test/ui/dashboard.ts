/** The pages in a real browser over a query service with in-memory stores: chromium from the PATH, sample worlds, screenshots, axe. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createServedWorld, NOW_MS, setOf, type WorldEvent, type WorldOptions } from '@tidemark/query/testing';
import { cabinetHistory, crmHistory, mapHistory } from '@tidemark/testing';
import { type Browser, chromium, type Page } from 'playwright-core';
import { buildWhenChanged, DIST_FOLDER } from '../../build/build.ts';

export { setOf, trackOf } from '@tidemark/query/testing';

export interface PageOptions {
  /** px; default 1280. */
  readonly width?: number;
  /** px; default 800. */
  readonly height?: number;
  readonly theme?: 'light' | 'dark';
  readonly reducedMotion?: boolean;
  /** Default: none on the console but what the page itself refuses. */
  readonly allowErrors?: boolean;
}

export interface DashboardOptions {
  readonly access?: WorldOptions['access'];
  /** Folded beside them, and served when the journal says so. */
  readonly unservedSets?: WorldOptions['unservedSets'];
  /** Definition files of `schemas/metrics`; default the three samples. */
  readonly files?: readonly string[];
  /** Default: the newest part of the sample's history. */
  readonly events?: Iterable<WorldEvent>;
}

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const SAMPLES = ['auto-cabinet.yaml', 'map-constructor.yaml', 'saas-lifecycle.yaml'];
const TICK_MS = 100;
const SCREENS_FOLDER = process.env['TIDEMARK_SCREENS'] ?? join(tmpdir(), 'tidemark-screens');

/** The browser's path; null where there is none. */
function browserPath(): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path)) ?? null;
}

/** For `describe.skipIf(noBrowser)`: prints why. */
export const noBrowser: boolean = reportMissing(browserPath() === null);

function reportMissing(isMissing: boolean): boolean {
  if (isMissing) console.warn(`skipped: no browser on the PATH (${NAMES.join(', ')})`);
  return isMissing;
}

export type Dashboard = Awaited<ReturnType<typeof openDashboard>>;

/** Builds the pages if need be, fills a service, listens on a free port of loopback and starts the browser. Close it. */
export async function openDashboard(options: DashboardOptions = {}) {
  await buildWhenChanged();
  // Its own copy: whoever builds meanwhile changes nothing under these pages.
  const pagesFolder = mkdtempSync(join(tmpdir(), 'tidemark-pages-'));
  cpSync(DIST_FOLDER, pagesFolder, { recursive: true });
  const [set, ...moreSets] = (options.files ?? SAMPLES).map((file) =>
    setOf(readFileSync(join(import.meta.dirname, '../../../../schemas/metrics', file), 'utf8'), file),
  );
  if (set === undefined) throw new Error('no definitions');
  const world = await createServedWorld({
    set,
    moreSets,
    events: options.events ?? sampleEvents(),
    dashboardFolder: pagesFolder,
    ...(options.access === undefined ? {} : { access: options.access }),
    ...(options.unservedSets === undefined ? {} : { unservedSets: options.unservedSets }),
  });
  const { app, clock, live } = world;
  // The browser reads the service's clock from this header; it stands still but for `send` and `pass`.
  app.addHook('onRequest', async (_request, reply) => void reply.header('date', new Date(clock.nowMs()).toUTCString()));
  const ticking = setInterval(() => {
    live.tick();
    void world.events.tick();
  }, TICK_MS);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const browser = await chromium.launch({ executablePath: browserPath() ?? '', args: ['--no-sandbox', '--disable-gpu'] });
  const errors: string[] = [];
  return {
    url,
    world,
    browser,
    /** What pages said on the console, and what they threw. */
    errors,
    page: (pageOptions: PageOptions = {}) => openPage(browser, { ...pageOptions, errors, nowMs: clock.nowMs }),
    /** Folds and publishes events, a second later by the service's clock; streams hear of them within a tick. */
    send: async (events: Iterable<WorldEvent>): Promise<void> => {
      clock.advance(1_000);
      world.fold(events);
      await world.publish();
    },
    /** Time passes at the service, in which nothing is published: after the metric's freshness its figures are stale. */
    pass: (ms: number): void => clock.advance(ms),
    close: async (): Promise<void> => {
      clearInterval(ticking);
      await browser.close();
      await app.close();
      rmSync(pagesFolder, { recursive: true });
    },
  };
}

async function openPage(browser: Browser, options: PageOptions & { errors: string[]; nowMs: () => number }): Promise<Page> {
  const { width = 1_280, height = 800, theme = 'light', reducedMotion = false, errors, nowMs } = options;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    reducedMotion: reducedMotion ? 'reduce' : 'no-preference',
    timezoneId: 'UTC',
    locale: 'en-GB',
  });
  const page = await context.newPage();
  await page.clock.install({ time: nowMs() });
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    // A refused request is a state of the page, and tested as one.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) errors.push(message.text());
  });
  return page;
}

/** The three sample worlds, small: what a page needs to look like itself, folded in a second or two. */
function sampleEvents(): readonly WorldEvent[] {
  const at = { seed: 7, endMs: NOW_MS - 2_000 };
  const events = [
    ...cabinetHistory({ ...at, people: 400, days: 45, events: 9_000 }),
    ...mapHistory({ ...at, scale: 700, months: 6 }),
    ...crmHistory({ ...at, companies: 20, days: 100, events: 3_000 }),
  ];
  return events.sort((one, other) => one.timeMs - other.timeMs);
}

/** The whole page as a picture in SCREENS_FOLDER; returns its path. */
export async function screenshot(page: Page, name: string, { fullPage = false }: { readonly fullPage?: boolean } = {}): Promise<string> {
  mkdirSync(SCREENS_FOLDER, { recursive: true });
  const path = join(SCREENS_FOLDER, `${name}.png`);
  await page.screenshot({ path, fullPage });
  return path;
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds wrong, one line each: rule, and the first element. */
export async function axeViolations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axeSource);
  const lines: unknown = await page.evaluate(
    'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => `${id} (${nodes.length}): ${nodes[0].target} ${nodes[0].failureSummary}`))',
  );
  return Array.isArray(lines) ? lines.map(String) : [String(lines)];
}
