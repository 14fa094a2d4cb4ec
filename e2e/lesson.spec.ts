/**
 * The first view on the production build: the whole lesson by mouse and by keyboard, its link in a fresh profile, embedded, on a phone.
 */
import type { Page } from '@playwright/test';
import { expectAccessible } from './axe.ts';
import { expect as expectSoon, test } from './lab.ts';

/** A busy machine draws late; no test here is about speed. */
const expect = expectSoon.configure({ timeout: 60_000 });
test.describe.configure({ timeout: 300_000 });

async function openLesson(page: Page, query = ''): Promise<void> {
  await page.goto(`./${query}`);
  await expect(page.getByTestId('scene')).toHaveAttribute('data-ready', 'true');
}
const round = async (page: Page) =>
  Number(await page.getByTestId('scene-scrubber').getAttribute('aria-valuenow'));
const overflow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

test('by mouse: guess, watch, scrub, choose a problem, and hand on the moment', async ({ lab, browser }) => {
  const { page } = lab;
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await openLesson(page);
  await expect(page.getByTestId('scene-question')).toBeVisible();
  await expect(page.getByTestId('scene-exam-a'), 'the end is not told before').toHaveText('–');
  await expectAccessible(page, 'the question');
  const handle = page.getByTestId('guess-handle-b');
  const box = await handle.boundingBox();
  if (box === null) throw new Error('The handle is not drawn.');
  await page.mouse.move(box.x + 12, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + 12, box.y + 60, { steps: 4 });
  await page.mouse.up();
  const guessed = await handle.getAttribute('aria-valuenow');
  await page.getByRole('button', { name: 'That is my guess' }).click();
  await expect(page.getByRole('button', { name: 'Pause' }), 'it plays').toBeVisible();
  await page.getByRole('button', { name: 'Pause' }).click();

  const scrubber = page.getByTestId('scene-scrubber');
  const track = await scrubber.boundingBox();
  if (track === null) throw new Error('The scrubber is not drawn.');
  await page.mouse.click(track.x + 0.6 * track.width, track.y + track.height / 2);
  const there = await round(page);
  expect(there).toBeGreaterThan(5);
  await expect(page.getByTestId('scene-caption')).not.toHaveText('');
  await page.getByTestId('stack-a').getByRole('radio').nth(2).click();
  await expect(page.getByTestId('scene-problem')).toContainText('Problem 3');
  await expectAccessible(page, 'a moment');
  await page.getByTestId('copy-moment').click();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(new URL(link).searchParams.get('guess')).toMatch(new RegExp(`,${Number(guessed).toFixed(1)}$`));

  const fresh = await browser.newContext();
  const other = await fresh.newPage();
  await other.goto(link);
  await expect(other.getByTestId('scene')).toHaveAttribute('data-ready', 'true');
  expect(await round(other)).toBe(there);
  await expect(other.getByTestId('scene-problem')).toContainText('Problem 3');
  await expect(other.getByTestId('guess-b')).toBeVisible();
  await expect(other.getByTestId('scene-question')).toHaveCount(0);
  await fresh.close();
});

test('by keyboard: the question, every round to the examination, and the way into the lab', async ({
  lab,
}) => {
  const { page } = lab;
  await openLesson(page);
  await page.getByTestId('guess-handle-a').focus();
  await page.keyboard.press('Home');
  await expect(page.getByTestId('guess-handle-a')).toHaveAttribute('aria-valuenow', '0');
  await page.getByRole('button', { name: 'That is my guess' }).press('Enter');
  await page.getByTestId('scene-play').press('Space');
  const scrubber = page.getByTestId('scene-scrubber');
  await scrubber.focus();
  await page.keyboard.press('Home');
  expect(await round(page)).toBe(0);
  await page.keyboard.press('ArrowRight');
  expect(await round(page)).toBe(1);
  await page.keyboard.press('End');
  for (const who of ['a', 'b'])
    await expect(page.getByTestId(`scene-exam-${who}`)).toHaveText(/^\d+ ± \d+%$/);
  await expect(page.getByTestId('scene-caption')).toContainText('±');
  await expect(page.getByTestId('scene-guess-a')).toHaveText('0.0');
  await page.getByTestId('stack-b').getByRole('radio', { checked: true }).focus();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByTestId('scene-problem')).toContainText('Problem 2');
  await expectAccessible(page, 'the end');
  await page.getByTestId('open-lab').press('Enter');
  await expect(lab.root).toBeVisible();
  await page.goto('./');
  await expect(lab.root, 'the choice is remembered').toBeVisible();
  await page.goto('./?lesson=prior');
  await expect(page.getByTestId('scene'), 'a link decides').toBeVisible();
});

test('each lesson opens from the list; one that is not there says so', async ({ lab }) => {
  const { page } = lab;
  await openLesson(page);
  for (const title of ['Why dense data? (the prior)', 'Can it be rescued?']) {
    await page.getByRole('link', { name: title }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(title);
    await expectAccessible(page, title);
  }
  await page.getByTestId('rescue').click();
  await expect(page.getByTestId('rescue-panel')).toBeVisible();
  await expectAccessible(page, 'rescue');
  await page.goto('./?lesson=nothing');
  await expect(page.getByTestId('scene-absent')).toContainText('There is no lesson “nothing”');
});

test.describe('where the file of a lesson is missing', () => {
  test.use({ expectedErrors: [/404/] });
  test('it says so', async ({ lab }) => {
    const { page } = lab;
    await page.route('**/runs/quick-dense.json.gz', (route) => route.fulfill({ status: 404 }));
    await page.goto('./?lesson=collapse');
    await expect(page.getByTestId('scene-absent')).toContainText('quick-dense.json.gz');
  });
});

test('embedded, it has no frame', async ({ lab }) => {
  const { page } = lab;
  await openLesson(page, '?lesson=collapse&round=12&embed=1');
  await expect(page.getByRole('banner')).toHaveCount(0);
  await expect(page.getByTestId('train-both')).toHaveCount(0);
  expect(await round(page)).toBe(12);
  await expectAccessible(page, 'embedded');
});

for (const [scheme, forced] of [
  ['light', 'none'],
  ['dark', 'none'],
  ['light', 'active'],
] as const) {
  test(`360 pixels wide, ${scheme}, forced colours ${forced}: nothing to the side, no fault by axe`, async ({
    lab,
  }) => {
    const { page } = lab;
    await page.setViewportSize({ width: 360, height: 740 });
    await page.emulateMedia({ colorScheme: scheme, forcedColors: forced, reducedMotion: 'reduce' });
    await openLesson(page);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await page.getByRole('button', { name: 'Skip' }).click();
    await page.getByTestId('scene-scrubber').press('End');
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    await expectAccessible(page, 'phone');
  });
}

test('both are trained here, over the recordings', async ({ lab }) => {
  const { page } = lab;
  await openLesson(page, '?lesson=collapse&round=99');
  await page.getByTestId('train-both').click();
  const panel = page.getByTestId('live-panel');
  await expect(panel).toBeVisible({ timeout: 60_000 });
  for (const who of ['a', 'b'])
    await expect(page.getByTestId(`loss-${who}`)).toHaveText(/\d/, { timeout: 200_000 });
  await expectAccessible(page, 'both train');
  await panel.getByRole('button', { name: 'Pause both' }).click();
  await page.getByTestId('live-leave').click();
  await expect(page.getByTestId('scene-caption')).toBeVisible();
});
