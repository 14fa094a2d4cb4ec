/**
 * What must be true of a finished `micro` run, whatever it ran on.
 */
import { expect, type LabPage } from './lab.ts';

export const microRunTimeout = 4 * 60_000;

/** The plots are filled, and with numbers that a researcher would believe. */
export async function expectPlausibleRun(lab: LabPage): Promise<void> {
  const { page } = lab;
  for (const phase of [
    'problems',
    'teacher',
    'curation',
    'sft',
    'baseline',
    'stage1',
    'filter',
    'stage2',
    'evaluation',
  ])
    await expect(page.getByTestId(`phase-${phase}`)).toHaveAttribute('data-status', 'done');

  const share = async (id: string) => {
    const value = await lab.tile(id);
    expect(value, id).toBeGreaterThanOrEqual(0);
    expect(value, id).toBeLessThanOrEqual(1);
    return value;
  };
  await share('reward');
  // A problem of micro needs one or two steps.
  expect(await lab.tile('per-step'), 'the cold start taught it to call').toBeGreaterThan(0.15);
  await share('truncated');
  const calls = await lab.tile('calls');
  expect(calls).toBeGreaterThan(0.2);
  expect(calls).toBeLessThan(20);
  const entropy = await lab.tile('entropy');
  expect(entropy).toBeGreaterThan(0);
  expect(entropy, 'no more than a uniform choice among 61 tokens').toBeLessThan(Math.log(61));

  const loss = (await lab.chartRows('loss')).map((row) => Number(row[1]));
  expect(loss[0], 'an untrained policy starts at ln(vocabulary)').toBeCloseTo(Math.log(61), 0);
  expect(loss.at(-1), 'and learns').toBeLessThan((loss[0] ?? 0) / 4);
  const density = await lab.chartRows('density');
  expect(density.length).toBeGreaterThanOrEqual(6);
  for (const id of ['histogram', 'accuracy', 'entropy', 'length', 'truncated', 'dead'])
    expect((await lab.chartRows(id)).length, id).toBeGreaterThan(0);
  for (const [title, id] of [
    ['Clipping', 'clip'],
    ['Failed calls', 'tools'],
  ] as const) {
    await lab.openDiagnostic(title);
    expect((await lab.chartRows(id)).length, id).toBeGreaterThan(0);
  }

  await lab.tab('Benchmarks').click();
  await expect(page.getByRole('table').first()).toContainText('Same range');
  await lab.tab('Curation').click();
  await expect(page.getByText(/kept/i).first()).toBeVisible();
  await lab.tab('Trajectories').click();
  await expect(page.getByTestId('transcript')).toContainText('<tool_call>');
}
