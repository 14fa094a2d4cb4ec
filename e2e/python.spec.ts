/**
 * The tool itself: a cell that loops for ever is stopped at its deadline, and Python goes on; a recorded call, run again, gives what it gave.
 */
import { expect, test, type LabPage } from './lab.ts';

async function tryPython({ page }: LabPage, code: string, expected: RegExp): Promise<void> {
  await page.getByRole('textbox', { name: 'Python to run' }).fill(code);
  await page.getByTestId('try-python').getByRole('button', { name: 'Run' }).click();
  await expect(page.getByTestId('try-python-result')).toContainText(expected, { timeout: 60_000 });
}

test('Python begins with the memory that comes with the page: it starts where its library is unreadable', async ({
  lab,
}) => {
  await lab.page.route('**/python_stdlib.zip', (route) => route.fulfill({ body: 'no library' }));
  await lab.open();
  await tryPython(lab, '6*7', /42/);
});

test('a looping cell is stopped, and variables outlive it', async ({ lab }) => {
  const { page } = lab;
  await lab.open();
  const run = (code: string, expected: RegExp) => tryPython(lab, code, expected);
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
