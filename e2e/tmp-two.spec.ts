import { test } from './lab.ts';
test('shots', async ({ lab }) => {
  const { page } = lab;
  await page.goto('./?lesson=collapse');
  await page.waitForSelector('[data-testid=scene][data-ready=true]');
  await page.screenshot({ path: '/tmp/mv/two-shots/asking.png' });
  await page.goto('./?lesson=collapse&round=40');
  await page.waitForSelector('[data-testid=scene][data-ready=true]');
  await page.screenshot({ path: '/tmp/mv/two-shots/shown.png' });
});
