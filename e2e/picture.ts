/**
 * The README's moving picture, public/replay.webp: two recorded runs that ship with the page, replayed in it one after the other.
 * The first collapses, the second does not.
 */
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import sharp from 'sharp';
import { recordedIndexSchema } from '../src/record/recordedIndex.ts';
import { expect, test, type LabPage } from './lab.ts';

const folder = new URL('../public/', import.meta.url);
/** Largest file that a page may be asked to load for a picture, bytes. */
const largest = 600_000;
/** How long a picture stands, milliseconds: while the replay goes on, and at its end, where there is something to read. */
const step = 160;
const end = 3500;
/** So many rounds from one picture to the next; and from one transcript to the next, which is most of what changes. */
const rounds = 2;
const transcripts = 12;

test('the moving picture', async ({ lab }) => {
  test.setTimeout(10 * 60_000);
  await lab.page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  const runs = recordedIndexSchema.parse(
    JSON.parse(readFileSync(new URL('runs/index.json', folder), 'utf8')),
  );
  const frames: Buffer[] = [];
  const delay: number[] = [];
  for (const arm of ['sparse', 'dense']) {
    const run = runs.find((entry) => entry.arm === arm);
    if (run === undefined) throw new Error(`public/runs/index.json names no recorded run of the arm ${arm}.`);
    const shown = await replay(lab, run.title, arm === 'dense' ? run.preset : `${run.preset}-${arm}`);
    frames.push(...shown);
    delay.push(...shown.map((_, i) => (i === shown.length - 1 ? end : step)));
  }
  const { size } = await sharp(frames, { join: { animated: true } })
    .webp({ delay, loop: 0, lossless: true, effort: 6, minSize: true })
    .toFile(new URL('replay.webp', folder).pathname);
  process.stdout.write(`\npublic/replay.webp: ${frames.length} frames, ${Math.round(size / 1000)} kB\n`);
  expect(size, 'bytes of public/replay.webp').toBeLessThan(largest);
});

/** Opens a recorded run and takes its pictures, the last one of the whole run. */
async function replay(lab: LabPage, title: string, preset: string): Promise<Buffer[]> {
  const { page } = lab;
  await lab.open(`?preset=${preset}`);
  await expect(page.getByTestId('notice')).toHaveCount(0);
  await page.getByRole('button', { name: title, exact: true }).click();
  await expect(lab.root).toHaveAttribute('data-source', 'recording');
  const slider = page.getByRole('slider', { name: 'Round shown' });
  const last = Number(await slider.getAttribute('max'));
  const follow = page.getByRole('switch', { name: 'Follow' });
  const frames: Buffer[] = [];
  for (let frame = 1; frame < last + rounds; frame += rounds) await show(Math.min(frame, last));
  return frames;

  async function show(frame: number): Promise<void> {
    await slider.fill(String(frame));
    await expect(page.getByTestId('replay')).toHaveAttribute('data-frame', String(frame));
    await follow.setChecked(frame < last && (frame - 1) % transcripts === 0, { force: true });
    frames.push(await settled(page));
  }
}

/** A picture of the page once it no longer changes: charts redraw one after the other. */
async function settled(page: Page): Promise<Buffer> {
  for (let before = await page.screenshot(); ;) {
    const now = await page.screenshot();
    if (now.equals(before)) return now;
    before = now;
  }
}
