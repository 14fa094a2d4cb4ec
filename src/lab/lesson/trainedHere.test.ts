import { expect, it, vi } from 'vitest';
import { fakeBrowser } from '../testing/fakeBrowser.ts';
import { idsOf, isHeld, readTrainedHere, takeUp, type TrainedHere } from './trainedHere.ts';

vi.setConfig({ testTimeout: 120_000 });

const here: TrainedHere = { lesson: 'collapse', both: { a: '1', b: '2' }, rescues: ['3'], over: false };

it('is read as it was written, for its own lesson; anything else is nothing', () => {
  const text = JSON.stringify(here);
  expect(readTrainedHere(text, 'collapse')).toEqual(here);
  expect(readTrainedHere(text, 'prior')).toBeNull();
  for (const other of [null, '', '{', '{}', '{"lesson":"collapse","both":3}'])
    expect(readTrainedHere(other, 'collapse')).toBeNull();
  expect(idsOf(here)).toEqual(['1', '2', '3']);
});

/** Both under way, and kept, when their page ends. */
async function bothUnderWay() {
  const tabs = fakeBrowser();
  const page = await tabs.openPage();
  const { settings, presetName } = page.state(); // micro
  const plan = { settings, presetName };
  const [a, b] = page.lab.actions.startRuns([plan, plan]);
  if (a === undefined || b === undefined) throw new Error('They were not started.');
  await page.until(() => expect(Object.keys(page.state().library.kept)).toEqual([a, b]));
  return { tabs, page, a, here: { ...here, both: { a, b }, rescues: [] } };
}

it('goes on with both on the next page, and with neither while another tab trains them', async () => {
  const { tabs, here: both } = await bothUnderWay();
  const other = await tabs.openPage();
  expect(await takeUp(other.lab, both)).toMatchObject({ ok: false, gone: false });
  expect(other.state().runs.map(({ status }) => status)).toEqual(['interrupted', 'interrupted']);

  tabs.crash();
  const next = await tabs.openPage();
  expect(isHeld(both, next.state())).toBe(true);
  expect(await takeUp(next.lab, both)).toEqual({ ok: true });
  await next.until(() =>
    expect(next.state().runs.map(({ status }) => status)).toEqual(['starting', 'starting']),
  );
  expect(next.state().focus).toBe(both.both.a);
});

it('says that it is gone where one of them was deleted', async () => {
  const { tabs, page, a, here: both } = await bothUnderWay();
  page.lab.actions.deleteRun(a);
  page.lab.actions.forgetDeleted();
  await page.until(() => expect(page.state().library.kept[a]).toBeUndefined());
  tabs.crash();
  const next = await tabs.openPage();
  expect(await takeUp(next.lab, both)).toMatchObject({ ok: false, gone: true });
  expect(next.state().runs.map(({ status }) => status)).toEqual(['interrupted']);
});
