/**
 * No serious fault by axe, in every state and scheme; everything by keyboard; nothing lost on a phone.
 */
import { expectAccessible, expectAccessibleInBoth } from './axe.ts';
import { expect, test } from './lab.ts';

/** A run that is still going on when a test gets round to it. */
const longRun = '?preset=micro&run.backend=simd&stage1.steps=2000';

/** The tabs at the right. */
const panel = '[aria-labelledby="side-title"]';

test('driven by keys: help, a run, its pause; no serious fault by axe on the way, light and dark', async ({
  lab,
}) => {
  test.setTimeout(240_000);
  const { page } = lab;
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await lab.open(longRun);
  await expectAccessibleInBoth(page, 'before the run');
  for (const name of ['Settings', 'Guide']) {
    await lab.tab(name).click();
    await expectAccessibleInBoth(page, name, panel);
  }
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  // A button that has the focus would be pressed by it.
  await page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur());
  await page.keyboard.press('Space');
  await expect(lab.root).toHaveAttribute('data-round', /[1-9]/, { timeout: 120_000 });
  await page.keyboard.press('Space');
  await lab.waitFor('paused', 20_000);
  await lab.tab('Trajectories').click();
  await expectAccessibleInBoth(page, 'Trajectories');
  for (const name of ['Curation', 'Benchmarks']) {
    await lab.tab(name).click();
    await expectAccessibleInBoth(page, name, panel);
  }
  await page
    .getByTestId('chart-loss')
    .getByRole('button', { name: /^More of / })
    .click();
  const log = page.getByRole('menuitemcheckbox', { name: 'Logarithmic y' });
  await expect(log).toHaveAttribute('aria-checked', 'false');
  await expectAccessible(page, 'the menu of a chart', { within: '[role=menu]' });
  await log.click();
  await expect(log).toHaveAttribute('aria-checked', 'true');
  await page.keyboard.press('Escape');
  await lab.openSheet('density');
  await expectAccessibleInBoth(page, 'a chart with its table', '[role=dialog]');
});

test('axe finds no serious fault in what is told of several runs, in either scheme; all of it fits a phone', async ({
  lab,
}) => {
  test.setTimeout(240_000);
  const { page } = lab;
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await lab.open();
  for (const title of ['Quick, sparse', 'Quick, dense']) {
    await page.getByRole('button', { name: title, exact: true }).first().click();
    await expect(page.getByTestId('replay')).toContainText(title);
    if (title === 'Quick, sparse') await lab.reset.click();
  }
  await lab.tab('Runs').click();
  const rows = page.getByTestId('run-row');
  await expect(rows).toHaveCount(2);
  await lab.tab('Compare').click();
  await expect(page.getByTestId('runs-compared')).toBeVisible();
  await expectAccessibleInBoth(page, 'runs compared');
  await lab.tab('Ask it').click();
  await expectAccessibleInBoth(page, 'a question to a policy', panel);
  await lab.tab('Runs').click();
  await page.getByRole('button', { name: 'More about Quick, sparse' }).click();
  await page.getByRole('menuitem', { name: /^Fork at a kept round/ }).click();
  const fork = page.getByRole('dialog');
  await expect(fork).toContainText('AdamW afresh');
  await expectAccessibleInBoth(page, 'a fork', '[role=dialog]');
  await page.keyboard.press('Escape');
  await expect(fork).toHaveCount(0);
  await page.getByRole('button', { name: 'More about Quick, sparse' }).click();
  await page.getByRole('menuitem', { name: /^Delete/ }).click();
  await expect(page.getByTestId('deleted')).toBeVisible();
  await expectAccessibleInBoth(page, 'a run that can be had back', panel);
  await page.setViewportSize({ width: 360, height: 740 });
  for (const name of ['Runs', 'Compare', 'Ask it']) {
    await lab.tab(name).click();
    expect(
      await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
      name,
    ).toBeLessThanOrEqual(0);
  }
});

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
