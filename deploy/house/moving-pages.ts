// Opens board, retention triangle and funnel of every metric set in a real browser, and tells which of them have not yet moved by themselves.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { getText } from './served-figures.ts';

interface ListedMetric {
  readonly id: string;
  readonly set: string;
  readonly kind: string;
}

/** On the PATH; undefined where there is none. */
export const browserPath: string | undefined = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'chromium'))
  .find((path) => existsSync(path));

/** The pages' paths: for each set its board, and the first retention and funnel that it has. */
export function pagesOf(metrics: readonly ListedMetric[]): readonly string[] {
  return [...new Set(metrics.map(({ set }) => set))].flatMap((set) => {
    const figures = ['retention', 'funnel'].flatMap((kind) => metrics.find((metric) => metric.set === set && metric.kind === kind)?.id ?? []);
    return [`/board/${encodeURIComponent(set)}`, ...figures.map((id) => `/figure/${encodeURIComponent(id)}`)];
  });
}

/** Opened once and never loaded again. Close it. */
export class MovingPages {
  readonly #browser: Browser;
  readonly #pages: ReadonlyMap<string, Page>;

  private constructor(browser: Browser, pages: ReadonlyMap<string, Page>) {
    this.#browser = browser;
    this.#pages = pages;
  }

  static async open(address: string, executablePath: string): Promise<MovingPages> {
    const { metrics }: { metrics: readonly ListedMetric[] } = JSON.parse(await getText(address, '/v1/metrics'));
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
    const pages = new Map<string, Page>();
    for (const path of pagesOf(metrics)) {
      const page = await browser.newPage();
      await page.goto(address + path);
      pages.set(path, page);
    }
    return new MovingPages(browser, pages);
  }

  get count(): number {
    return this.#pages.size;
  }

  /** Paths on which no figure is marked as changed since the page was opened. */
  async unmoved(): Promise<readonly string[]> {
    const still: string[] = [];
    for (const [path, page] of this.#pages) if ((await page.locator('main .changed').count()) === 0) still.push(path);
    return still;
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }
}
