/**
 * No serious fault by axe, in every state and scheme; everything by keyboard; nothing lost on a phone.
 */
import { expectAccessible } from './axe.ts';
import { expect, test } from './lab.ts';

/** A run that is still going on when a test gets round to it. */
const longRun = '?preset=micro&run.backend=simd&stage1.steps=2000';

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe finds no serious fault, ${colorScheme}`, async ({ lab }) => {
    test.setTimeout(240_000);
    const { page } = lab;
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await lab.open(longRun);
    await expectAccessible(page, 'before the run');
    for (const name of ['Settings', 'Guide']) {
      await lab.tab(name).click();
      await expectAccessible(page, name);
    }
    await lab.train();
    await expect(lab.root).toHaveAttribute('data-round', /[1-9]/, { timeout: 120_000 });
    await lab.primary.click();
    await lab.waitFor('paused', 20_000);
    for (const name of ['Trajectories', 'Curation', 'Benchmarks']) {
      await lab.tab(name).click();
      await expectAccessible(page, name);
    }
    await lab.openSheet('density');
    await expectAccessible(page, 'a chart with its table');
  });
}

test('a phone’s width shows everything without scrolling sideways', async ({ lab }) => {
  const { page } = lab;
  await page.setViewportSize({ width: 360, height: 740 });
  await lab.open('?preset=micro');
  const overflow = () =>
    page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(await overflow()).toBeLessThanOrEqual(0);
  await expect(lab.primary).toBeInViewport();
  await expect(page.getByTestId('chart-density')).toBeVisible();
  for (const name of ['Trajectories', 'Curation', 'Benchmarks', 'Settings']) {
    await lab.tab(name).click();
    expect(await overflow(), name).toBeLessThanOrEqual(0);
  }
  await expectAccessible(page, 'phone');
});

test('at 1280 by 800 nothing important is below the fold', async ({ lab }) => {
  const { page } = lab;
  await lab.open();
  for (const id of ['density', 'histogram', 'accuracy', 'entropy', 'length', 'truncated', 'dead', 'loss'])
    await expect(page.getByTestId(`chart-${id}`)).toBeInViewport({ ratio: 0.99 });
  await expect(lab.primary).toBeInViewport();
  const chart = await page.getByTestId('chart-density').boundingBox();
  for (const id of ['histogram', 'accuracy', 'entropy']) {
    const other = await page.getByTestId(`chart-${id}`).boundingBox();
    expect((chart?.width ?? 0) * (chart?.height ?? 0), `larger than ${id}`).toBeGreaterThan(
      2 * (other?.width ?? 0) * (other?.height ?? 0),
    );
  }
});

test('the page is driven by keys', async ({ lab }) => {
  const { page } = lab;
  await lab.open(longRun);
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.keyboard.press('Space');
  await lab.waitFor('running', 60_000);
  await page.keyboard.press('Space');
  await lab.waitFor('paused', 20_000);
});
