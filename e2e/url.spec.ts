/**
 * The address holds what differs from the defaults, reproduces a run, and is corrected aloud where it is wrong.
 */
import { expect, test } from './lab.ts';

test('settings go into the address and come back from it', async ({ lab }) => {
  const { page } = lab;
  await lab.open();
  await expect(page).toHaveURL(/\/$/);
  await lab.tab('Settings').click();
  await page.getByRole('textbox', { name: /find|search/i }).fill('Clip high');
  const clipHigh = page.getByTestId('setting-grpo.clipHigh').getByRole('textbox');
  await clipHigh.fill('0.2');
  await clipHigh.blur();
  await expect(page).toHaveURL(/grpo\.clipHigh=0\.2/);
  expect(new URL(page.url()).searchParams.size, 'only what differs, and the version').toBeLessThanOrEqual(2);

  await lab.open(new URL(page.url()).search);
  await lab.tab('Settings').click();
  await page.getByRole('textbox', { name: /find|search/i }).fill('Clip high');
  await expect(page.getByTestId('setting-grpo.clipHigh').getByRole('textbox')).toHaveValue(/0\.2/);
});

test('a wrong address is corrected and said', async ({ lab }) => {
  const { page } = lab;
  await lab.open('?preset=nonsense&grpo.groupSize=1000&stage1.context=abc&who.knows=1');
  const notices = page.getByTestId('notice');
  await expect(notices.filter({ hasText: /nonsense/ })).toHaveCount(1);
  await expect(notices.filter({ hasText: /Group size|groupSize/ })).toHaveCount(1);
  await expect(notices.filter({ hasText: /Context|context/ })).toHaveCount(1);
  await expect(notices.filter({ hasText: /who\.knows/ })).toHaveCount(1);
  await expect(lab.primary).toBeEnabled();
});

test('settings that cannot fit the context keep the run from starting, and say why', async ({ lab }) => {
  await lab.open('?stage1.context=40');
  await expect(lab.page.getByTestId('setting-problems')).toContainText(/context/i);
  await expect(lab.primary).toHaveAttribute('aria-disabled', 'true');
});
