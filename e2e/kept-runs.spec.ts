/**
 * Runs are kept: a run whose page is loaded again in the middle goes on and ends with the numbers of one that was left alone; a deleted
 * run can be had back, and is there on the next page.
 */
import { expect, test, type LabPage } from './lab.ts';
import { microRunTimeout } from './microRun.ts';

/** Long enough that its page is loaded again while it goes on, on any machine: stage 1 lasts after its first step was kept. */
const address = '?preset=micro&run.backend=simd&run.seed=5&stage1.steps=24';

async function finalNumbers(lab: LabPage) {
  await lab.tab('Benchmarks').click();
  const benchmarks = await lab.page.getByRole('tabpanel').innerText();
  const file = await lab.download(/^Export the run/);
  const { series } = JSON.parse(file.bytes.toString()) as { series: unknown };
  return { benchmarks, series };
}

test('a run goes on after its page was loaded again, and ends as it would have', async ({ lab }) => {
  test.setTimeout(3 * microRunTimeout);
  const { page } = lab;
  await lab.open(address);
  await lab.train();
  // The first step of stage 1 is always kept. The page ends as soon as that is in the library, wherever the run is by then.
  await lab.tab('Runs').click();
  await expect(page.getByTestId('run-row')).toHaveAttribute('data-kept', /(^|,)stage1/, {
    timeout: microRunTimeout,
  });
  await page.reload();
  const offer = page.getByTestId('unfinished');
  await expect(offer).toContainText('was interrupted');
  await offer.getByRole('button', { name: 'Go on' }).click();
  await lab.waitFor('done', microRunTimeout);
  const interrupted = await finalNumbers(lab);

  await lab.train();
  await lab.waitFor('done', microRunTimeout);
  expect(interrupted).toEqual(await finalNumbers(lab));

  await lab.tab('Runs').click();
  const rows = page.getByTestId('run-row');
  await expect(rows).toHaveCount(2);
  const name = await rows.first().getByRole('button').first().innerText();
  await page.getByRole('button', { name: `More about ${name}` }).click();
  await page.getByRole('menuitem', { name: /^Delete/ }).click();
  await expect(rows).toHaveCount(1);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(rows).toHaveCount(2);
  await page.reload();
  await lab.tab('Runs').click();
  await expect(rows).toHaveCount(2);
  await expect(rows.first()).toContainText('done');
  await expect(page.getByTestId('unfinished')).toHaveCount(0);
});
