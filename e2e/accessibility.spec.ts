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

test('axe finds no serious fault in what is told of several runs, in either scheme; all of it fits a phone', async ({
  lab,
}) => {
  test.setTimeout(240_000);
  const { page } = lab;
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await lab.open();
  const inBoth = async (state: string) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await expectAccessible(page, `${state}, ${colorScheme}`);
    }
  };
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
  await expectAccessible(page, 'runs compared');
  await lab.tab('Ask it').click();
  await expectAccessible(page, 'a question to a policy');
  await lab.tab('Runs').click();
  await page.getByRole('button', { name: 'More about Quick, sparse' }).click();
  await page.getByRole('menuitem', { name: /^Fork at a kept round/ }).click();
  const fork = page.getByRole('dialog');
  await expect(fork).toContainText('AdamW afresh');
  await inBoth('a fork');
  await page.keyboard.press('Escape');
  await expect(fork).toHaveCount(0);
  await page.getByRole('button', { name: 'More about Quick, sparse' }).click();
  await page.getByRole('menuitem', { name: /^Delete/ }).click();
  await expect(page.getByTestId('deleted')).toBeVisible();
  await expectAccessible(page, 'a run that can be had back');
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
