/**
 * Pause, Step, Reset: at any moment, within one unit of work.
 */
import { expect, test } from './lab.ts';

/** A cold start long enough to be met in the middle. */
const query = '?preset=micro&run.backend=simd&sft.epochs=100';

test('pause holds, step goes on by one, resume runs, reset forgets; a step starts a run', async ({ lab }) => {
  const { page } = lab;
  await lab.open(query);
  await lab.train();
  await lab.waitFor('running', 60_000);
  const sft = page.getByTestId('phase-sft');
  await expect(sft).toHaveAttribute('data-status', 'active', { timeout: 60_000 });

  await lab.primary.click();
  await lab.waitFor('paused', 10_000);
  const progress = () => sft.getByRole('progressbar').getAttribute('aria-valuetext');
  const held = await progress();
  await page.waitForTimeout(1500); // nothing may happen in this time
  expect(await progress()).toBe(held);

  await page.getByRole('button', { name: 'Step', exact: true }).click();
  await expect.poll(progress).not.toBe(held);
  await lab.waitFor('paused', 10_000);
  const [before, after] = [held, await progress()].map((text) =>
    Number(/(\d+)\//.exec(text ?? '')?.[1] ?? 0),
  );
  expect((after ?? 0) - (before ?? 0), 'one optimizer step').toBe(1);

  await page.keyboard.press('Escape');
  await lab.primary.click();
  await lab.waitFor('running', 10_000);

  await lab.reset.click();
  await lab.waitFor('idle', 10_000);
  await expect(lab.root).toHaveAttribute('data-round', '');
  await expect(page).toHaveURL(/preset=micro/);

  // A step starts a run as well, and holds it at its first boundary.
  await page.getByRole('button', { name: 'Step', exact: true }).click();
  await lab.waitFor('paused', 60_000);
  await expect(page.getByTestId('phase-problems')).toHaveAttribute('data-status', 'active');
  await lab.primary.click();
  await lab.waitFor('running', 10_000);
});
