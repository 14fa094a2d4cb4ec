/**
 * The lab as a test sees it: a page object, and two guards that every test has.
 *
 * Guards: nothing may be requested from another origin, and nothing may be written to the console as an error.
 */
import { readFile } from 'node:fs/promises';
import { test as base, expect, type Locator, type Page } from '@playwright/test';

export class LabPage {
  readonly page: Page;
  readonly root: Locator;
  readonly primary: Locator;
  readonly reset: Locator;

  constructor(page: Page) {
    this.page = page;
    this.root = page.getByTestId('lab');
    this.primary = page.getByTestId('run-primary');
    // By its whole name: charts have a 'Reset zoom'.
    this.reset = page.getByRole('button', { name: 'Reset', exact: true });
  }

  /** The instrument, as for a visitor who chose it last: an address that names no setting opens the lesson otherwise. */
  async open(query = ''): Promise<void> {
    // It runs in every frame, and Python's has no storage.
    await this.page.addInitScript(() => {
      if (self.origin !== 'null') localStorage.setItem('aster-lab-view', 'lab');
    });
    await this.page.goto(`./${query}`);
    await expect(this.root).toBeVisible();
  }

  async train(): Promise<void> {
    await expect(this.primary).toHaveText(/Train/);
    await this.primary.click();
  }

  async waitFor(status: string, timeout: number): Promise<void> {
    // A failed run must not be waited for until the time is up: its own sentence says more.
    await expect(this.root).toHaveAttribute('data-status', new RegExp(`^(${status}|failed)$`), { timeout });
    if (status !== 'failed') await expect(this.page.getByTestId('failure')).toHaveCount(0);
    await expect(this.root).toHaveAttribute('data-status', status);
  }

  /** A tile's number; fails when there is none. */
  async tile(id: string): Promise<number> {
    const tile = this.page.getByTestId(`tile-${id}`);
    await expect(tile).toHaveAttribute('data-value', /./);
    return Number(await tile.getAttribute('data-value'));
  }

  tab(name: string): Locator {
    return this.page.getByRole('tab', { name });
  }

  /** The rows of a chart's table, without its head. */
  async chartRows(id: string): Promise<string[][]> {
    const sheet = await this.openSheet(id);
    const rows = await sheet.getByRole('row').all();
    const cells = await Promise.all(rows.slice(1).map((row) => row.locator('th,td').allInnerTexts()));
    await this.page.keyboard.press('Escape');
    await expect(sheet).toHaveCount(0);
    return cells;
  }

  /** A chart, large, over its table. */
  async openSheet(id: string): Promise<Locator> {
    const figure = this.page.getByTestId(`chart-${id}`);
    await figure.getByRole('button', { name: /^More of / }).click();
    await this.page.getByRole('menuitem', { name: 'Larger, with a table' }).click();
    const sheet = this.page.getByTestId(`sheet-${id}`);
    await expect(sheet).toBeVisible();
    // It fades while the sheet is there already; a second chart's menu would stand beside it.
    await expect(this.page.getByRole('menu')).toHaveCount(0);
    return sheet;
  }

  /** Draws a diagnostic in their common place. */
  async openDiagnostic(title: string): Promise<void> {
    const button = this.page.getByTestId('diagnostics').getByRole('button', { name: new RegExp(title) });
    if ((await button.getAttribute('aria-pressed')) !== 'true') await button.click();
  }

  /** Saves what a menu entry of the file menu downloads. */
  async download(entry: string | RegExp): Promise<{ name: string; path: string; bytes: Buffer }> {
    await this.page.getByRole('button', { name: 'Export or open a run' }).click();
    const [download] = await Promise.all([
      this.page.waitForEvent('download'),
      this.page.getByRole('menuitem', { name: entry }).click(),
    ]);
    const path = await download.path();
    return { name: download.suggestedFilename(), path, bytes: await readFile(path) };
  }
}

interface Fixtures {
  readonly lab: LabPage;
  /** Console errors that this test expects; the others fail it. */
  readonly expectedErrors: RegExp[];
}

export const test = base.extend<Fixtures>({
  // oxlint-disable-next-line no-empty-pattern -- Playwright insists on the pattern
  expectedErrors: async ({}, use) => {
    await use([]);
  },
  lab: async ({ page, baseURL, expectedErrors }, use) => {
    const errors: string[] = [];
    const foreign: string[] = [];
    const own = new URL(baseURL ?? '').origin;
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (url.protocol.startsWith('http') && url.origin !== own) foreign.push(request.url());
    });
    await use(new LabPage(page));
    expect(foreign, 'requests to other origins').toEqual([]);
    expect(
      errors.filter((error) => !expectedErrors.some((expected) => expected.test(error))),
      'errors on the console',
    ).toEqual([]);
  },
});

export { expect };
