/**
 * Runs are kept: two that train side by side, whose page is loaded again in the middle, go on and end with the numbers of two that were left
 * alone; a deleted run can be had back, and is there on the next page, where its policy can be asked.
 */
import { expect, test, type LabPage } from './lab.ts';
import { microRunTimeout } from './microRun.ts';

/**
 * Long enough that its page is loaded again while both go on, on any machine: stage 1 lasts after its first step was kept. And a cell has time
 * enough on a busy machine: runs are compared.
 */
const address =
  '?preset=micro&run.backend=simd&run.seed=5&sft.epochs=6&stage1.steps=40&stage2.steps=1&evaluation.problems=2&sandbox.deadlineMs=10000';

const rows = (lab: LabPage) => lab.page.getByTestId('run-row');
const row = (lab: LabPage, name: string) =>
  rows(lab).filter({ has: lab.page.getByRole('button', { name, exact: true }) });

/** Starts two runs, which share the machine. */
async function trainBoth(lab: LabPage, seeds: readonly [number, number]): Promise<void> {
  const seed = lab.page.getByRole('textbox', { name: 'Seed' });
  await seed.fill(`${seeds[0]}`);
  await seed.press('Enter');
  await lab.train();
  await seed.fill(`${seeds[1]}`);
  await seed.press('Enter');
  await lab.page.getByRole('button', { name: 'Train as well' }).click();
}

/** What was measured of a finished run: on the page, and in its file. */
async function finalNumbers(lab: LabPage, name: string) {
  await lab.tab('Runs').click();
  await expect(row(lab, name)).toHaveAttribute('data-status', 'done', { timeout: microRunTimeout });
  await row(lab, name).getByRole('button', { name, exact: true }).click();
  await lab.waitFor('done', microRunTimeout);
  await lab.tab('Benchmarks').click();
  const benchmarks = await lab.page.getByRole('tabpanel').innerText();
  const file = await lab.download(/^Export the run/);
  const { settings, series } = JSON.parse(file.bytes.toString()) as {
    settings: { run: { seed: number } };
    series: unknown;
  };
  return { seed: settings.run.seed, benchmarks, series };
}

test('two runs go on after their page was loaded again, and end as they would have', async ({ lab }) => {
  test.setTimeout(4 * microRunTimeout);
  const { page } = lab;
  await lab.open(address);
  await trainBoth(lab, [5, 6]);
  // The first step of stage 1 is always kept. The page ends as soon as that is in the library of both, wherever they are by then.
  await lab.tab('Runs').click();
  const names = ['Micro, a smoke test, seed 5', 'Micro, a smoke test, seed 6'] as const;
  for (const name of names)
    await expect
      .poll(() => row(lab, name).getAttribute('data-kept'), { timeout: microRunTimeout, intervals: [100] })
      .toMatch(/(^|,)stage1/);
  await page.reload();
  const offer = page.getByTestId('unfinished');
  await expect(offer).toContainText('2 runs were interrupted.');
  for (const name of names) await expect(offer).toContainText(new RegExp(`${name} is kept up to round \\d+`));
  await offer.getByRole('button', { name: 'Go on with both' }).click();
  await expect(offer).toHaveCount(0);
  const interrupted = [await finalNumbers(lab, names[0]), await finalNumbers(lab, names[1])];
  expect(interrupted.map(({ seed }) => seed)).toEqual([5, 6]);

  await trainBoth(lab, [6, 5]);
  const alone = [await finalNumbers(lab, `${names[0]} (2)`), await finalNumbers(lab, `${names[1]} (2)`)];
  expect(interrupted).toEqual(alone);
  expect(alone[0]?.series, 'two runs that differ').not.toEqual(alone[1]?.series);

  await lab.tab('Runs').click();
  await expect(rows(lab)).toHaveCount(4);
  const name = await rows(lab).first().getByRole('button').first().innerText();
  await page.getByRole('button', { name: `More about ${name}`, exact: true }).click();
  await page.getByRole('menuitem', { name: /^Delete/ }).click();
  await expect(rows(lab)).toHaveCount(3);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(rows(lab)).toHaveCount(4);
  await page.reload();
  await lab.tab('Runs').click();
  await expect(rows(lab)).toHaveCount(4);
  await expect(rows(lab).first()).toContainText('done');
  await expect(page.getByTestId('unfinished')).toHaveCount(0);

  // What was kept can be asked, as it was in the middle too.
  await row(lab, names[0]).getByRole('button', { name: names[0], exact: true }).click();
  await lab.waitFor('done', 30_000);
  await lab.tab('Ask it').click();
  const which = page.getByRole('combobox', { name: 'The policy of which round' });
  const [middle = ''] = (await which.getByRole('option').allInnerTexts()).filter((text) =>
    /^of round/.test(text),
  );
  await which.selectOption({ label: middle });
  await page.getByRole('button', { name: 'Draw one' }).click();
  await expect(page.getByTestId('ask-outcome')).toContainText(/Right|Wrong|No answer/, {
    timeout: microRunTimeout,
  });
});
