/**
 * From click to evaluation on WebGPU (SwiftShader), with real Pyodide; then what can be done with the finished run.
 */
import { expect, test } from './lab.ts';
import { expectPlausibleRun, microRunTimeout } from './microRun.ts';

test('a micro run from click to evaluation on WebGPU, its export and its checkpoint', async ({ lab }) => {
  test.setTimeout(microRunTimeout + 120_000);
  const { page } = lab;
  // Half of micro's steps, each larger: a software adapter takes most of this test for them.
  await lab.open('?preset=micro&run.backend=wgsl&sft.epochs=8&sft.learningRate=0.006');
  await expect(page.getByTestId('engine-badge')).toContainText('WebGPU');
  await lab.train();
  await lab.waitFor('done', microRunTimeout);
  await expectPlausibleRun(lab);

  const weights = await lab.download(/^Export the weights/);
  const headerLength = Number(weights.bytes.readBigUInt64LE(0));
  const header = JSON.parse(weights.bytes.subarray(8, 8 + headerLength).toString()) as Record<
    string,
    unknown
  >;
  expect(Object.keys(header)).toContain('model.layers.0.self_attn.q_norm.weight');
  expect(header['__metadata__']).toMatchObject({ format: 'pt' });

  const run = await lab.download(/^Export the run/);
  const file = JSON.parse(run.bytes.toString()) as Record<string, unknown>;
  expect(file).toMatchObject({ format: 'aster-lab-run' });
  const calls = await lab.tile('calls');
  const benchmarks = async () => {
    await lab.tab('Benchmarks').click();
    return page.getByRole('tabpanel').innerText();
  };
  const table = await benchmarks();

  await lab.open();
  await page.getByTestId('open-run').setInputFiles(run.path);
  await expect(lab.root).toHaveAttribute('data-source', 'file');
  expect(await lab.tile('calls')).toBe(calls);
  expect(await benchmarks()).toBe(table);
  await lab.tab('Trajectories').click();
  await expect(page.getByTestId('transcript')).toContainText('<tool_call>');
});
