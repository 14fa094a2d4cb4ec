/**
 * A study opened beside the run, and recorded runs: shown as recorded, replayed, and never in the way when they fail.
 *
 * The study's numbers are made up; the recorded run is a real one of `micro` (src/record/testing), but where those that ship are opened.
 */
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { exampleStudy } from '../src/study/testing/exampleStudy.ts';
import { recordedIndexSchema, studyIndexSchema } from '../src/record/recordedIndex.ts';
import { expectAccessible, expectAccessibleInBoth } from './axe.ts';
import { expect, test } from './lab.ts';

const recorded = readFileSync(new URL('../src/record/testing/recordedRun.json', import.meta.url), 'utf8');
const entry = {
  ...{ file: 'micro.json', title: 'Micro, dense', description: 'A run of a few steps.' },
  ...{ arm: 'dense', preset: 'micro', seed: 4 },
};

const file = (name: string, text: string) => ({
  name,
  mimeType: 'application/json',
  buffer: Buffer.from(text),
});

/** Put recorded runs beside the page, whatever it has been deployed with. */
async function serveRuns(page: Page, run: string | null): Promise<void> {
  await page.route('**/runs/index.json', (route) => route.fulfill({ json: [entry] }));
  await page.route('**/runs/micro.json', (route) =>
    run === null
      ? route.fulfill({ status: 404 })
      : route.fulfill({ contentType: 'application/json', body: run }),
  );
}

test('a study opens beside the run', async ({ lab }) => {
  const { page } = lab;
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await lab.open('?preset=micro');
  await lab.tab('Compare').click();
  await expect(page.getByTestId('no-study')).toContainText('npm run study -- choice');
  await page.getByTestId('open-study').setInputFiles(file('study.json', JSON.stringify(exampleStudy())));
  const study = page.getByTestId('study');
  await expect(study).toContainText('Interaction collapse');
  await expect(page.getByTestId('compare-calls-sparse')).toContainText('1 of 2');
  // A line for each variant that learned; its name switches it off.
  const curves = page.getByTestId('chart-compare').locator('path.recharts-area-curve[stroke^="var"]');
  const lines = curves.and(page.locator('[stroke-width="2"]'));
  await expect(lines).toHaveCount(2);
  // And a thin one for each of the two seeds of the sparse arm.
  await expect(curves).toHaveCount(4);
  await study.getByRole('button', { name: 'Dense cold start' }).click();
  await expect(lines).toHaveCount(1);
  await expect(curves).toHaveCount(3);
  expect((await lab.chartRows('compare'))[0]).toEqual(['9', '1.50', '1.00', '2.00']);
  await expectAccessibleInBoth(page, 'a study');
  await page
    .getByRole('combobox', { name: 'Metric' })
    .or(page.getByRole('textbox', { name: 'Metric' }))
    .first()
    .click();
  await page.getByRole('option', { name: 'Entropy' }).click();
  await expect(page.getByTestId('chart-compare').getByRole('heading')).toHaveText('Entropy');

  await page
    .getByTestId('open-run')
    .setInputFiles(file('broken.json', '{"format":"aster-lab-study","version":1}'));
  await expect(page.getByTestId('notice')).toContainText('“broken.json” was not opened: it is damaged');
  await expect(study).toBeVisible();
  await page.getByRole('button', { name: 'Close the study' }).click();
  await expect(page.getByTestId('no-study')).toBeVisible();
});

test('a recorded run is shown as one, and replayed round by round', async ({ lab }) => {
  const { page } = lab;
  await serveRuns(page, recorded);
  await lab.open();
  await page.getByRole('group', { name: 'Recorded runs' }).getByRole('button', { name: entry.title }).click();
  const bar = page.getByTestId('replay');
  await expect(bar).toContainText('Recorded run, not live');
  await expect(lab.root).toHaveAttribute('data-source', 'recording');
  await expect(lab.root).toHaveAttribute('data-round', '10');
  const end = await lab.tile('calls');
  await expectAccessible(page, 'a recorded run');

  const slider = bar.getByRole('slider', { name: 'Round shown' });
  await slider.focus();
  await page.keyboard.press('Home');
  await expect(lab.root).toHaveAttribute('data-round', '');
  for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
  await expect(bar).toHaveAttribute('data-frame', '3');
  await expect(lab.root).toHaveAttribute('data-round', '3');
  await expect(page.getByTestId('phase-stage1')).toHaveAttribute('data-status', 'active');
  await expect(page.getByTestId('phase-evaluation')).toHaveAttribute('data-status', 'waiting');
  await expect.poll(() => lab.tile('calls')).toBe(1.625);
  await lab.tab('Trajectories').click();
  await expect(page.getByTestId('round-shown')).toHaveText(/^Round 3/);

  await bar.getByRole('button', { name: 'Play' }).click();
  await expect(bar).toHaveAttribute('data-frame', '11', { timeout: 40_000 });
  await expect(bar.getByRole('button', { name: 'Replay' })).toBeVisible();
  await expect.poll(() => lab.tile('calls')).toBe(end);

  await page.setViewportSize({ width: 360, height: 740 });
  expect(
    await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
  ).toBeLessThanOrEqual(0);
  await lab.tab('Compare').click();
  await page.getByTestId('open-study').setInputFiles(file('study.json', JSON.stringify(exampleStudy())));
  await expect(page.getByRole('button', { name: `This run: ${entry.title}` })).toBeVisible();
  await expectAccessible(page, 'a study on a phone');
  await lab.reset.click();
  await expect(bar).toHaveCount(0);
});

test('the recorded runs that come with the page open, packed as they are', async ({ lab }) => {
  const { page } = lab;
  const index = new URL('../public/runs/index.json', import.meta.url);
  const shipped = recordedIndexSchema.parse(JSON.parse(readFileSync(index, 'utf8')));
  expect(shipped.map(({ arm, preset }) => `${preset} ${arm}`)).toContain('quick sparse');
  await lab.open();
  for (const { title, arm, preset } of shipped) {
    const choices = page.getByRole('group', { name: 'Recorded runs' });
    await choices.getByRole('button', { name: title, exact: true }).click();
    await expect(page.getByTestId('replay')).toContainText(title);
    await expect(page.getByTestId('phase-evaluation')).toHaveAttribute('data-status', 'done');
    // A recorded arm over a preset has a preset of its own, where there is one.
    if (preset === 'quick' && arm === 'sparse') {
      const take = page.getByRole('button', { name: 'Use its settings' });
      await take.click();
      await expect(page.getByRole('combobox', { name: 'Preset' })).toHaveValue('Quick, sparse cold start');
      await expect(page).toHaveURL(/[?#]preset=quick-sparse/);
      await expect(take).toHaveCount(0);
      await expect(lab.root).toHaveAttribute('data-source', 'recording');
    }
    await lab.reset.click();
    await expect(lab.root).toHaveAttribute('data-source', 'live');
  }
  await expect(page.getByTestId('notice')).toHaveCount(0);
});

test('the studies that come with the page open, packed as they are', async ({ lab }) => {
  const { page } = lab;
  const index = new URL('../public/studies/index.json', import.meta.url);
  const shipped = studyIndexSchema.parse(JSON.parse(readFileSync(index, 'utf8')));
  expect(shipped.map(({ file: packed }) => packed)).toContain('map.json.gz');
  await lab.open();
  await lab.tab('Compare').click();
  for (const { file: packed, title } of shipped) {
    const choices = page.getByRole('list', { name: 'Studies that come with the page' });
    await choices.getByRole('button', { name: title, exact: true }).click();
    const study = page.getByTestId('study');
    await expect(study).toHaveAttribute('data-experiment', packed.replace('.json.gz', ''));
    await expect(study.getByTestId('chart-compare')).toBeVisible();
    // The map has a cell for each pair of its conditions, and each was measured.
    if (packed === 'map.json.gz')
      await expect(study.getByTestId('compare-cross').locator('td[data-value^="0."]')).toHaveCount(25);
    await page.getByRole('button', { name: 'Close the study' }).click();
  }
  await expect(page.getByTestId('notice')).toHaveCount(0);
});

test('a recorded run that cannot be loaded is one sentence', async ({ lab, expectedErrors }) => {
  expectedErrors.push(/404/);
  await serveRuns(lab.page, null);
  await lab.open();
  await lab.page.getByRole('button', { name: entry.title }).click();
  await expect(lab.page.getByTestId('notice')).toHaveText(
    /“Micro, dense” was not opened: it could not be loaded/,
  );
  await expect(lab.root).toHaveAttribute('data-source', 'live');
});
