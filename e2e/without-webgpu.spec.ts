/**
 * The same run in a browser without WebGPU, on our kernels for processors, which the page takes by itself; and TensorFlow.js by name.
 */
import { expect, test } from './lab.ts';
import { expectPlausibleRun, microRunTimeout } from './microRun.ts';

test('a micro run from click to evaluation without WebGPU', async ({ lab }) => {
  test.setTimeout(microRunTimeout + 60_000);
  await lab.open('?preset=micro');
  const badge = lab.page.getByTestId('engine-badge');
  await expect(badge).toHaveText(/simd\s*\d+ threads?/);
  await expect(lab.page.getByTestId('device-notice')).toHaveCount(0);
  await lab.train();
  await lab.waitFor('done', microRunTimeout);
  await expectPlausibleRun(lab);
});

test('TensorFlow.js trains where it is asked for by name, and the page says that it is slow', async ({
  lab,
}) => {
  test.setTimeout(microRunTimeout + 60_000);
  const { page } = lab;
  await lab.open(
    '?preset=micro&run.backend=wasm&sft.epochs=2&evaluation.afterColdStart=false&evaluation.benchmarks=inRange',
  );
  await expect(page.getByTestId('engine-badge')).toHaveAttribute('data-engine', 'tfjs');
  await expect(page.getByTestId('device-notice')).toBeVisible();
  await lab.train();
  await lab.waitFor('done', microRunTimeout);
});
