/**
 * The README's moving picture, public/replay.webp: the lesson that the page opens with, from the first round to the examination. One of the
 * two gives its calls up, the other does not.
 */
import type { Page } from '@playwright/test';
import sharp from 'sharp';
import { expect, test } from './lab.ts';

const file = new URL('../public/replay.webp', import.meta.url).pathname;
/** Largest file that a page may be asked to load for a picture, bytes. */
const largest = 600_000;
/** How long a picture stands, milliseconds: at first, while it plays, and at its end, where there is something to read. */
const [first, step, end] = [1200, 200, 4500];
/** So many rounds from one picture to the next. */
const rounds = 2;

test('the moving picture', async ({ lab: { page } }) => {
  test.setTimeout(10 * 60_000);
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await page.goto('./?lesson=collapse&round=0');
  await expect(page.getByTestId('scene')).toHaveAttribute('data-ready', 'true');
  const scrubber = page.getByTestId('scene-scrubber');
  const last = Number(await scrubber.getAttribute('aria-valuemax'));
  const shown = Array.from({ length: Math.floor(last / rounds) }, (_, i) => i * rounds).concat(last);
  const frames: Buffer[] = [];
  let now = 0;
  for (const round of shown) {
    for (; now < round; now++) await scrubber.press('ArrowRight');
    await expect(scrubber).toHaveAttribute('aria-valuenow', String(round));
    // Its focus is of no interest here.
    await scrubber.blur();
    frames.push(await settled(page));
  }
  const delay = frames.map((_, i) => (i === 0 ? first : i === frames.length - 1 ? end : step));
  const { size } = await sharp(frames, { join: { animated: true } })
    .webp({ delay, loop: 0, lossless: true, effort: 6, minSize: true })
    .toFile(file);
  process.stdout.write(`\npublic/replay.webp: ${frames.length} frames, ${Math.round(size / 1000)} kB\n`);
  expect(size, 'bytes of public/replay.webp').toBeLessThan(largest);
});

/** A picture of the page once it no longer changes. */
async function settled(page: Page): Promise<Buffer> {
  for (let before = await page.screenshot(); ;) {
    const now = await page.screenshot();
    if (now.equals(before)) return now;
    before = now;
  }
}
