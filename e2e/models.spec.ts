/**
 * Out of the tab and back: a recording's policy leaves as a model folder, a run begins with it, and its policy is the same bit for bit; the data
 * that it would train on leaves as well.
 */
import { readFileSync } from 'node:fs';
import { unzipSync } from 'fflate';
import { expect, test } from './lab.ts';

const [recording] = (
  JSON.parse(readFileSync(new URL('../public/runs/index.json', import.meta.url), 'utf8')) as {
    title: string;
    preset: string;
  }[]
).filter(({ preset }) => preset === 'quick');
if (recording === undefined) throw new Error('There is no recording of quick.');

/** A zip's files by their path in its one folder. */
function unpacked(zip: Buffer): Map<string, Buffer> {
  const files = Object.entries(unzipSync(zip));
  expect(new Set(files.map(([name]) => name.split('/')[0])).size, 'one folder').toBe(1);
  return new Map(files.map(([name, bytes]) => [name.slice(name.indexOf('/') + 1), Buffer.from(bytes)]));
}

test('a policy leaves as a model folder and comes back bit for bit; data leaves for others', async ({
  lab,
}) => {
  const { page } = lab;
  // A short pool and a long first examination: the run is held before anything has changed its weights.
  await lab.open(
    '?preset=micro&run.backend=simd&sft.epochs=0&teacher.trajectories=64&curation.size=48&evaluation.problems=50&evaluation.samples=32',
  );
  await page.getByRole('button', { name: 'Export or open a run' }).click();
  await page.getByRole('menuitem', { name: recording.title }).click();
  await expect(lab.root).toHaveAttribute('data-source', 'recording');
  const out = await lab.download(/^Export the policy/);
  expect(out.name).toMatch(/^aster-lab-quick-seed\d+-round\d+\.zip$/);
  const policy = unpacked(out.bytes);
  expect([...policy.keys()].sort()).toEqual([
    ...['README.md', 'chat_template.jinja', 'config.json', 'curves.svg', 'generation_config.json'],
    ...['model.safetensors', 'tokenizer.json', 'tokenizer_config.json'],
  ]);

  await page.getByTestId('open-model').setInputFiles({
    ...{ name: 'mine.zip', mimeType: 'application/zip', buffer: out.bytes },
  });
  await expect(page.getByTestId('shown-run')).toContainText('begun from the weights of “mine.zip”');
  await lab.primary.filter({ hasText: 'Pause' }).click();
  await lab.waitFor('paused', 60_000);
  const back = await lab.download(/^Export the policy/);
  expect(back.name).toMatch(/^aster-lab-micro-seed\d+-(sft|baseline)\.zip$/);
  const begun = unpacked(back.bytes);
  expect(begun.get('model.safetensors')?.equals(policy.get('model.safetensors') ?? Buffer.of())).toBe(true);

  const data = unpacked((await lab.download(/^Export the data/)).bytes);
  const lines = (name: string) => (data.get(name)?.toString() ?? '').trimEnd().split('\n');
  expect(data.has('trl/sft.jsonl'), 'it has no cold start').toBe(false);
  expect(lines('trl/stage1.jsonl')).toHaveLength(32);
  expect(JSON.parse(lines('trl/stage1.jsonl')[0] ?? '')).toMatchObject({
    prompt: [{ role: 'user', content: expect.stringMatching(/^\d+ /) as unknown }],
    answer: expect.stringMatching(/^-?\d+$/),
  });
  expect(data.get('verl/stage2.parquet')?.subarray(0, 4).toString()).toBe('PAR1');

  const damaged = Buffer.from(out.bytes.subarray(0, 20_000));
  await page.getByTestId('open-model').setInputFiles({
    ...{ name: 'cut.zip', mimeType: 'application/zip', buffer: damaged },
  });
  await expect(page.getByText('“cut.zip” was not taken: The zip is damaged, or is none.')).toBeVisible();
});
