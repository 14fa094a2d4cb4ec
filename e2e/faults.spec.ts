/**
 * Bad luck and bad input: each gets a sentence that says what happened and what to do, and nothing is lost.
 */
import { writeFile } from 'node:fs/promises';
import { expect, test } from './lab.ts';

test('Python that cannot be downloaded', async ({ lab, expectedErrors }) => {
  expectedErrors.push(/Failed to load resource|ERR_FAILED|pyodide/);
  const { page } = lab;
  await page.context().route('**/pyodide/**', (route) => route.abort());
  await lab.open('?preset=micro&run.backend=wasm');
  await lab.train();
  await lab.waitFor('failed', 60_000);
  const failure = page.getByTestId('failure');
  await expect(failure).toContainText(/Python/);
  await expect(failure).toContainText(/reload|check/i);

  await page.context().unroute('**/pyodide/**');
  await page.getByRole('button', { name: 'Reset' }).click();
  await lab.train();
  await lab.waitFor('running', 60_000);
});

test('a graphics device that is lost in the middle of a run', async ({ lab, expectedErrors }) => {
  expectedErrors.push(/device.*lost|WebGPU|GPU/i);
  const { page } = lab;
  await lab.open('?preset=micro');
  await expect(page.getByTestId('engine-badge').first()).toContainText('WebGPU');
  await lab.train();
  await expect(page.getByTestId('phase-sft')).toHaveAttribute('data-status', 'active', { timeout: 90_000 });
  const session = await page.context().browser()?.newBrowserCDPSession();
  // The command does not answer: the process it kills is the one that would.
  void session?.send('Browser.crashGpuProcess').catch(() => undefined);
  await lab.waitFor('failed', 60_000);
  await expect(page.getByTestId('failure')).toContainText(/lost/i);
  await expect(page.getByTestId('failure')).toContainText(/Reset|train again/i);
  await expect(lab.primary).toBeEnabled();
});

test('a file that is not a run', async ({ lab }, testInfo) => {
  const { page } = lab;
  await lab.open();
  for (const [name, content] of [
    ['broken.json', '{"format": "aster-lab-run", '],
    ['foreign.json', '{"hello": 1}'],
  ] as const) {
    const path = testInfo.outputPath(name);
    await writeFile(path, content);
    await page.getByTestId('open-run').setInputFiles(path);
    await expect(page.getByText(new RegExp(name)).first()).toBeVisible();
  }
  await expect(lab.root).toHaveAttribute('data-status', 'idle');
});
