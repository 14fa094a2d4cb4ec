/**
 * Bad luck and bad input: each gets a sentence that says what happened and what to do, and nothing is lost.
 */
import { writeFile } from 'node:fs/promises';
import { presetSettings } from '../src/recipes/presets.ts';
import { expect, test, type LabPage } from './lab.ts';
import { microRunTimeout } from './microRun.ts';

test('Python that cannot be downloaded', async ({ lab, expectedErrors }) => {
  expectedErrors.push(/Failed to load resource|ERR_FAILED|pyodide/);
  const { page } = lab;
  await page.context().route('**/pyodide/**', (route) => route.abort());
  // Python starts without this one, if later.
  await page.context().route('**/python-memory*', (route) => route.abort());
  await lab.open('?preset=micro&run.backend=simd&sft.epochs=100');
  await lab.train();
  await lab.waitFor('failed', 60_000);
  const failure = page.getByTestId('failure');
  await expect(failure).toContainText(/Python/);
  await expect(failure).toContainText(/reload|check/i);

  await page.context().unroute('**/pyodide/**');
  await lab.reset.click();
  await lab.train();
  await lab.waitFor('running', 60_000);
});

test('a graphics device that is lost in the middle of GRPO: the run goes on from its checkpoint', async ({
  lab,
  expectedErrors,
}) => {
  test.setTimeout(microRunTimeout);
  expectedErrors.push(/device.*lost|WebGPU|GPU/i);
  const { page } = lab;
  await lab.open(
    '?preset=micro&run.backend=wgsl&sft.epochs=2&evaluation.afterColdStart=false&evaluation.problems=1&evaluation.benchmarks=inRange&stage2.steps=1',
  );
  await expect(page.getByTestId('engine-badge').first()).toContainText('WebGPU');
  await lab.train();
  await expect(page.getByTestId('phase-stage1')).toHaveAttribute('data-status', 'active', {
    timeout: microRunTimeout,
  });
  const round = async () => Number(await lab.root.getAttribute('data-round'));
  // Each probe is a round; what the page shows may be one of GRPO already.
  const coldStart = presetSettings('micro').sft.probes;
  await expect.poll(round, { timeout: 60_000 }).toBeGreaterThan(coldStart + 1);
  const session = await page.context().browser()?.newBrowserCDPSession();
  // The command does not answer: the process it kills is the one that would.
  void session?.send('Browser.crashGpuProcess').catch(() => undefined);
  await lab.waitFor('failed', 60_000);
  const failure = page.getByTestId('failure');
  await expect(failure).toContainText(/lost/i);
  await expect(failure).toContainText(/The run is safe up to round \d+\./);
  await expect(failure.getByRole('button', { name: /go on|train/i })).toHaveCount(1);
  await expect(lab.primary).toHaveText('Go on');

  const goOn = failure.getByRole('button', { name: /^Go on from round \d+$/ });
  const safe = Number(/\d+/.exec(await goOn.innerText())?.[0]);
  expect(safe).toBeGreaterThan(coldStart);
  await goOn.click();
  await expect(lab.root).not.toHaveAttribute('data-status', 'failed');
  expect(await round(), 'what came after the checkpoint is gone').toBe(safe);
  await lab.waitFor('done', microRunTimeout);
  for (const id of ['density', 'loss']) {
    const axis = (await lab.chartRows(id)).map((row) => Number(row[0]));
    expect(axis, id).toEqual(axis.map((_, i) => i + 1));
  }
  expect(await round()).toBeGreaterThan(safe);
});

test('a thread of the engine that is killed in the middle of GRPO: the run goes on from its checkpoint', async ({
  lab,
}) => {
  // The cold start's probes are rounds too; the first checkpoint is kept after a few seconds.
  await endsAndGoesOn(lab, {
    prelude: killable,
    roundsBefore: 10,
    failure: 'A thread of the engine stopped.',
  });
});

test('a trainer that ends without a word: it is noticed, and the run goes on from its checkpoint', async ({
  lab,
}) => {
  // The first step of a stage is always kept.
  const failure = 'The trainer stopped working: it ended without a word.';
  await endsAndGoesOn(lab, { prelude: closable, roundsBefore: 2, failure });
});

interface Ending {
  /** Put in front of the trainer worker's code: what it does when it is told to. The trainer's own threads are out of a page's reach. */
  readonly prelude: string;
  /** Rounds of GRPO, at least, before it is told. */
  readonly roundsBefore: number;
  /** What the page says then. */
  readonly failure: string;
}

/** A run whose trainer is told to do what the prelude says fails with a sentence, and goes on from its checkpoint with one click. */
async function endsAndGoesOn(lab: LabPage, { prelude, roundsBefore, failure: said }: Ending): Promise<void> {
  test.setTimeout(microRunTimeout);
  const { page } = lab;
  await page.route(/trainer\.worker.*\.js/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${prelude}${await response.text()}` });
  });
  await lab.open('?preset=micro&run.backend=simd&sft.epochs=2&stage1.steps=1000');
  await lab.train();
  const round = async () => Number(await lab.root.getAttribute('data-round'));
  await expect
    .poll(round, { timeout: microRunTimeout })
    .toBeGreaterThan(presetSettings('micro').sft.probes + roundsBefore);
  await page.evaluate(() => new BroadcastChannel('test').postMessage('end'));
  await lab.waitFor('failed', 60_000);
  const failure = page.getByTestId('failure');
  await expect(failure).toContainText(said);
  const goOn = failure.getByRole('button', { name: /^Go on from round \d+$/ });
  const safe = Number(/\d+/.exec(await goOn.innerText())?.[0]);
  await goOn.click();
  await expect(lab.root).not.toHaveAttribute('data-status', 'failed');
  await expect.poll(round, { timeout: 60_000 }).toBeGreaterThan(safe);
}

/** Before a worker's own code: whoever says so on the channel ends it, as a browser does that is short of memory. */
const closable = `new BroadcastChannel('test').onmessage = () => self.close();
`;

/** Before a worker's own code: whoever says so on the channel ends the newest thread it has started, one of the engine that the run is on. */
const killable = `{
  const threads = [];
  const Original = Worker;
  self.Worker = class extends Original {
    constructor(url, options) {
      super(url, options);
      if (String(url).includes('simdThread')) threads.push(this);
    }
  };
  new BroadcastChannel('test').onmessage = () => threads.at(-1).terminate();
}
`;

test('a file that is not a run', async ({ lab }, testInfo) => {
  const { page } = lab;
  await lab.open();
  for (const [name, content] of [
    ['broken.json', '{"format": "aster-lab-run", '],
    ['foreign.json', '{"hello": 1}'],
  ] as const) {
    const path = testInfo.outputPath(name);
    await writeFile(path, content);
    await page.getByTestId('open-run').setInputFiles(path);
    await expect(page.getByText(new RegExp(name)).first()).toBeVisible();
  }
  await expect(lab.root).toHaveAttribute('data-status', 'idle');
});
