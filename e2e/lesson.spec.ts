/**
 * The first view on the production build: how much it loads, the whole lesson by mouse and by keyboard, its link in a fresh profile,
 * embedded, on a phone; both students trained here, and one rescued from its recording.
 */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { Page } from '@playwright/test';
import { writeCheckpoint } from '../src/policy/checkpoint.ts';
import { policyConfig } from '../src/policy/config.ts';
import { initialiseTensors } from '../src/policy/initialise.ts';
import { Random } from '../src/random/random.ts';
import { readRunFile, writeRunFile } from '../src/record/runFile.ts';
import { vocabularySize } from '../src/tasks/vocabulary.ts';
import { checkpointContext } from '../src/train/checkpointFile.ts';
import { expectAccessible } from './axe.ts';
import { expect as expectSoon, test } from './lab.ts';

/** A busy machine draws late; no test here is about speed. */
const expect = expectSoon.configure({ timeout: 60_000 });
test.describe.configure({ timeout: 300_000 });

async function openLesson(page: Page, query = ''): Promise<void> {
  await page.goto(`./${query}`);
  await expect(page.getByTestId('scene')).toHaveAttribute('data-ready', 'true');
}

/** JavaScript that the first view may load, compressed: before engine and Python, which come when they are asked for. */
const mostScript = 300_000; // bytes

/** Watches what is loaded from now on. @returns the JavaScript so far, bytes as gzip packs it */
function watchScripts(page: Page): () => Promise<number> {
  const bodies: Promise<Buffer>[] = [];
  page.on('response', (response) => {
    if (/\.m?js$/.test(new URL(response.url()).pathname)) bodies.push(response.body());
  });
  return async () => (await Promise.all(bodies)).reduce((sum, body) => sum + gzipSync(body).length, 0);
}

/** Watches what moves without having been asked to. @returns the sum of layout shifts so far */
async function watchShifts(page: Page): Promise<() => Promise<number>> {
  await page.addInitScript(() => {
    const seen = { shift: 0 };
    Object.assign(globalThis, { seen });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as unknown as { value: number; hadRecentInput: boolean }[])
        if (!entry.hadRecentInput) seen.shift += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
  });
  return () => page.evaluate(() => (globalThis as unknown as { seen: { shift: number } }).seen.shift);
}

const round = async (page: Page) =>
  Number(await page.getByTestId('scene-scrubber').getAttribute('aria-valuenow'));
const overflow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

test('by mouse: guess, watch, scrub, choose a problem, and hand on the moment', async ({ lab, browser }) => {
  const { page } = lab;
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const scripts = watchScripts(page);
  const shifts = await watchShifts(page);
  await openLesson(page);
  const loaded = await scripts();
  expect(loaded, 'compressed JavaScript of the first view').toBeLessThan(mostScript);
  expect(loaded).toBeGreaterThan(50_000);
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
  await expect.poll(() => round(page)).toBeGreaterThan(9);
  await page.getByRole('button', { name: 'Pause' }).click();

  expect(await shifts(), 'nothing moves by itself, while it loads or plays').toBe(0);

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

  // Embedded, it has no frame.
  await other.goto(`${link}&embed=1`);
  await expect(other.getByTestId('scene')).toHaveAttribute('data-embed', 'true');
  await expect(other.getByTestId('scene')).toHaveAttribute('data-ready', 'true');
  await expect(other.getByRole('banner')).toHaveCount(0);
  await expect(other.getByTestId('train-both')).toHaveCount(0);
  expect(await round(other)).toBe(there);
  await expectAccessible(other, 'embedded');
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
  const top = (await page.getByTestId('stack-a').boundingBox())?.y;
  await page.keyboard.press('ArrowRight');
  expect(await round(page)).toBe(1);
  await page.keyboard.press('End');
  for (const who of ['a', 'b'])
    await expect(page.getByTestId(`scene-exam-${who}`)).toHaveText(/^\d+\s±\s\d+%$/);
  await expect(page.getByTestId('scene-caption')).toContainText('±');
  expect((await page.getByTestId('stack-a').boundingBox())?.y, 'a longer caption moves nothing').toBe(top);
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

test.describe('the list of lessons', () => {
  test.use({ expectedErrors: [/404/] });
  test('each opens from it; one that is not there, or whose recording is not, says so', async ({ lab }) => {
    const { page } = lab;
    await openLesson(page);
    for (const title of ['Why dense data? (the prior)', 'Can it be rescued?']) {
      await page.getByRole('link', { name: title }).click();
      await expect(page.getByRole('heading', { level: 1 })).toHaveText(title);
      await expectAccessible(page, title);
    }
    await page.getByTestId('rescue').click();
    await expect(page.getByTestId('rescue-panel')).toBeVisible();
    await expect(page.getByTestId('rescue-where')).toContainText('AdamW starts afresh');
    await expectAccessible(page, 'rescue', { within: '[data-testid=rescue-panel]' });
    await page.goto('./?lesson=nothing');
    await expect(page.getByTestId('scene-absent')).toContainText('There is no lesson “nothing”');
    await page.route('**/runs/quick-dense.json.gz', (route) => route.fulfill({ status: 404 }));
    await page.goto('./?lesson=collapse');
    await expect(page.getByTestId('scene-absent')).toContainText('quick-dense.json.gz');
  });
});

test('360 pixels wide, light, dark and in forced colours: nothing to the side, no fault by axe', async ({
  lab,
}) => {
  const { page } = lab;
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ colorScheme: 'light', forcedColors: 'none', reducedMotion: 'reduce' });
  await openLesson(page);
  expect(await overflow(page)).toBeLessThanOrEqual(0);
  await page.getByRole('button', { name: 'Skip' }).click();
  await page.getByTestId('scene-scrubber').press('End');
  await expectAccessible(page, 'a phone, light');
  await page.emulateMedia({ forcedColors: 'active' });
  await expectAccessible(page, 'a phone, forced colours', { colours: true });
  expect(await overflow(page)).toBeLessThanOrEqual(0);
  await page.emulateMedia({ forcedColors: 'none' });
  await page.getByRole('button', { name: 'Dark colours' }).click();
  await expectAccessible(page, 'a phone, dark', { colours: true });
});

/** The lesson told by runs that end in seconds: a recorded `micro` run as both students, with weights that are drawn here. */
async function serveSmallLesson(page: Page): Promise<void> {
  const read = readRunFile(
    readFileSync(new URL('../src/record/testing/recordedRun.json', import.meta.url), 'utf8'),
  );
  if (!read.ok) throw new Error(read.message);
  const settings = { ...read.run.settings, run: { ...read.run.settings.run, backend: 'simd' as const } };
  const weights = [2, 6].map((kept) => ({ round: kept, file: `round-${kept}.safetensors` }));
  const body = writeRunFile({ ...read.run, settings, view: { ...read.run.view, weights } });
  await page.route(/runs\/quick-(sparse|dense)\.json\.gz/, (route) => route.fulfill({ body }));
  const config = policyConfig('micro', vocabularySize);
  const tensors = initialiseTensors(config, new Random(1));
  const file = writeCheckpoint({ config, tensors, metadata: {} }, checkpointContext(settings), 'F16');
  await page.route(/runs\/quick-sparse\/round-\d+\.safetensors/, (route) =>
    route.fulfill({ body: Buffer.from(file) }),
  );
}

test('one is rescued from its recording’s weights, then both are trained here to the end', async ({
  lab,
}) => {
  const { page } = lab;
  await serveSmallLesson(page);
  await openLesson(page, '?lesson=collapse&round=8');
  await page.getByTestId('rescue').click();
  await expect(page.getByTestId('rescue-where')).toContainText('it begins at round 6');
  await page.getByTestId('rescue-start').click();
  const panel = page.getByTestId('live-panel');
  await expect(panel).toContainText('Rescuing Sparse here');
  await expect(page.getByTestId('rescued-line')).toBeVisible();
  await expectAccessible(page, 'a rescue');
  await expect(panel).toHaveAttribute('data-over', 'true', { timeout: 120_000 });
  await expect(page.getByTestId('live-caption')).toContainText('as it was recorded');

  await page.getByTestId('train-both').click();
  // At once: on a fast machine a cold start of this size is over in a moment.
  await Promise.all(
    ['a', 'b'].map((who) => expect(page.getByTestId(`loss-${who}`)).toHaveText(/\d/, { timeout: 120_000 })),
  );
  // The page is closed in the middle; the next one offers to go on.
  await page.reload();
  const before = page.getByTestId('trained-before');
  await expect(before).toContainText('Training both here was not finished.');
  await expectAccessible(page, 'an offer to go on');
  await before.getByRole('button', { name: 'Go on with both' }).click();
  await expect(before).toHaveCount(0);
  // It is there, too, for one who looks into the lab meanwhile.
  await panel.getByRole('button', { name: 'See both in the lab' }).click();
  await expect(lab.root).toBeVisible();
  await expect(page.getByTestId('unfinished')).toHaveCount(0);
  await page.goBack();
  await expectAccessible(page, 'both train');
  await expect(panel).toHaveAttribute('data-over', 'true', { timeout: 200_000 });
  const expectExams = async () => {
    for (const who of ['a', 'b'])
      await expect(page.getByTestId(`live-${who}`)).toContainText(/held-out exam \d+\s±\s\d+%/);
  };
  await expectExams();
  await page.reload();
  await expect(before).toContainText('You trained both here, to the end.');
  await before.getByRole('button', { name: 'Show how it went' }).click();
  await expectExams();
  await page.getByTestId('live-leave').click();
  await expect(page.getByTestId('scene-caption')).toBeVisible();
  await page.reload();
  await expect(page.getByTestId('scene')).toHaveAttribute('data-ready', 'true');
  await expect(before).toHaveCount(0);
});
