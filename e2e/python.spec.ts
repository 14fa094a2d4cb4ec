/**
 * The tool itself: a cell that loops for ever is stopped at its deadline, and Python goes on; a recorded call, run again, gives what it gave.
 */
import { expect, test } from './lab.ts';

test('a looping cell is stopped, and variables outlive it', async ({ lab }) => {
  const { page } = lab;
  await lab.open();
  const input = page.getByRole('textbox', { name: 'Python to run' });
  const result = page.getByTestId('try-python-result');
  const run = async (code: string, expected: RegExp) => {
    await input.fill(code);
    await page.getByTestId('try-python').getByRole('button', { name: 'Run' }).click();
    await expect(result).toContainText(expected, { timeout: 60_000 });
  };
  await run('x = 20', /printed nothing/);
  await run('while True: pass', /stopped at its deadline of 250 ms/);
  await run('x*2+2', /42/);
  await run('7//0', /ZeroDivisionError/);
  await run('import js', /ImportError|not allowed|No module/i);

  // The same Python runs a call of a recorded run again.
  await page
    .getByRole('group', { name: 'Recorded runs' })
    .getByRole('button', { name: /dense/i })
    .first()
    .click();
  await lab.tab('Trajectories').click();
  const calls = page.getByTestId('transcript').locator('li[data-kind=response]');
  const again = calls.filter({ has: page.getByRole('button', { name: /^Run this cell again/ }) });
  const last = again.last();
  const recorded = /output:[^\d-]*(-?\d+)/.exec((await last.innerText()).replaceAll(/\s/g, ''))?.[1] ?? '';
  expect(recorded).not.toBe('');
  await last.getByRole('button').click();
  await expect(last.getByRole('status')).toHaveText(`again: ${recorded}`, { timeout: 60_000 });
});
