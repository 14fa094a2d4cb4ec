/**
 * Threads: where the host sends the isolation headers, where a service worker has to add them, and where nothing can.
 */
import type { Server } from 'node:http';
import type { Page } from '@playwright/test';
import { expect, test, type LabPage } from './lab.ts';
import { serveFiles } from './staticServer.ts';

/** The badge's popover: how many threads, and why not more. */
async function told(lab: LabPage): Promise<string> {
  const badge = lab.page.getByTestId('engine-badge');
  await expect(badge).toHaveAttribute('data-engine', 'simd', { timeout: 30_000 });
  await badge.click();
  const facts = lab.page.getByTestId('engine-facts');
  await expect(facts).toBeVisible();
  return facts.innerText();
}

/** Whether the page's own policy keeps out what a hostile text would bring: a script in the page, text that becomes code, another origin. */
const isWalled = (page: Page) =>
  page.evaluate(async () => {
    const script = document.createElement('script');
    script.textContent = 'document.body.dataset.hostile = "yes"';
    document.body.append(script);
    const turned = await new Promise<boolean>((resolve) => {
      // Where text may become code, this does.
      // oxlint-disable-next-line @typescript-eslint/no-implied-eval -- whether the policy lets it is the question
      setTimeout('document.body.dataset.turned = "yes"');
      setTimeout(() => resolve(document.body.dataset['turned'] !== undefined), 50);
    });
    const reached = await fetch('data:text/plain,x').then(
      () => true,
      () => false,
    );
    return document.body.dataset['hostile'] === undefined && !turned && !reached;
  });

const isIsolated = (page: Page) => page.evaluate(() => globalThis.crossOriginIsolated);

/** Documents that the page has loaded, this one counted. */
function countLoads(page: Page): { readonly loads: number } {
  const counted = { loads: 0 };
  page.on('load', () => counted.loads++);
  return counted;
}

test('with the headers the engine has threads, and no service worker is registered', async ({
  lab,
  expectedErrors,
}) => {
  expectedErrors.push(/Content Security Policy/);
  await lab.open('?preset=micro&run.backend=simd');
  expect(await isWalled(lab.page)).toBe(true);
  expect(await told(lab)).toMatch(/Threads\s+([2-9]|\d\d)/);
  expect(await lab.page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length)).toBe(
    0,
  );
});

test.describe('a host without the headers, in a subfolder', () => {
  const port = Number(process.env['E2E_PORT'] ?? 4179) + 1;
  const folder = '/some/lab/';
  let server: Server;
  test.use({ baseURL: `http://localhost:${port}${folder}` });
  test.beforeAll(async () => {
    server = await serveFiles(port, folder);
  });
  test.afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  test('is isolated after one load more, at the first visit only, and trains on threads', async ({ lab }) => {
    const { page } = lab;
    const first = countLoads(page);
    await lab.open('?preset=micro');
    expect(await isIsolated(page)).toBe(true);
    expect(await told(lab)).toMatch(/Threads\s+([2-9]|\d\d)/);
    expect(first.loads).toBe(2);
    await page.keyboard.press('Escape');
    await lab.train();
    await lab.waitFor('done', 120_000);

    const again = await page.context().newPage();
    const second = countLoads(again);
    await again.goto('./');
    await expect(again.getByTestId('lab')).toBeVisible();
    expect(await isIsolated(again)).toBe(true);
    expect(second.loads).toBe(1);
    await again.reload();
    await expect(again.getByTestId('lab')).toBeVisible();
    expect(second.loads).toBe(2);
  });

  test('declined, it has one thread and says so, also where it was isolated before', async ({
    lab,
    expectedErrors,
  }) => {
    expectedErrors.push(/Content Security Policy/);
    const { page } = lab;
    await lab.open('?preset=micro');
    expect(await isIsolated(page)).toBe(true);
    const later = countLoads(page);
    await lab.open('?preset=micro&isolate=0');
    expect(await isIsolated(page)).toBe(false);
    expect(await isWalled(page), 'by the policy in the page').toBe(true);
    expect(await told(lab)).toMatch(/One thread works: more need a page that is cross-origin isolated/);
    await expect(page).toHaveURL(/isolate=0/);
    await expect(page.getByTestId('notice'), 'it is no setting').toHaveCount(0);
    expect(later.loads).toBe(1);
    await expect
      .poll(() => page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length))
      .toBe(0);
  });

  test.describe('where service workers are blocked', () => {
    test.use({ serviceWorkers: 'block' });
    test('it opens at once, trains on one thread and says why', async ({ lab, expectedErrors }) => {
      expectedErrors.push(/service ?worker/i);
      const { page } = lab;
      const counted = countLoads(page);
      await lab.open('?preset=micro');
      expect(await isIsolated(page)).toBe(false);
      expect(await told(lab)).toMatch(/One thread works: more need a page that is cross-origin isolated/);
      await page.keyboard.press('Escape');
      await lab.train();
      await lab.waitFor('done', 120_000);
      expect(counted.loads).toBe(1);
    });
  });
});
