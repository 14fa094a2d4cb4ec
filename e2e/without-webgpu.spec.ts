/**
 * The same run in a browser without WebGPU: the page says what runs instead and why, and everything works.
 */
import { expect, test } from './lab.ts';
import { expectPlausibleRun, microRunTimeout } from './microRun.ts';

test('a micro run from click to evaluation without WebGPU', async ({ lab }) => {
  test.setTimeout(microRunTimeout + 60_000);
  await lab.open('?preset=micro');
  const badge = lab.page.getByTestId('engine-badge').first();
  await expect(badge).toContainText(/WebAssembly/);
  await lab.train();
  await lab.waitFor('done', microRunTimeout);
  await expectPlausibleRun(lab);
});
