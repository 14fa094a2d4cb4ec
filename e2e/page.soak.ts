/**
 * `npm run soak:page`: 300 GRPO steps of `micro` on WebGPU in one go, in the page as a visitor gets it, with the page's own Python. On a
 * machine without a graphics card the device is SwiftShader, whose memory is the graphics process's.
 *
 *     SOAK_STEPS=1000 npm run soak:page
 *
 * What must be flat after the warm-up, and what it is taken from: JavaScript of the page and of its workers (the browser's own measurement),
 * buffers that are alive on the device (counted where they are made and destroyed), the renderer's and the graphics process's memory (the
 * system's), and the processor time of all the browser's processes for 1,000 tokens. As in `npm run soak` the learning rate is the least
 * that there is, so that a step stays as much work as it was.
 */
import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import type { CDPSession, Page } from '@playwright/test';
import { expect, test } from './lab.ts';

const steps = Number(process.env['SOAK_STEPS'] ?? 300);
/** Steps between two measurements. */
const every = Math.max(1, Math.floor(steps / 60));
/** Steps that do not count: caches fill, and the browser's compilers do their work. */
const warmUp = 0.1;
/** Growth between the first and the last quarter of the rest that passes; of memory the larger one. */
const most = { share: 0.05, megabytes: 8, cost: 0.1 } as const;

/** Put in front of the trainer's code: it counts the device's buffers, and tells when it is asked. */
const counting = `{
  const alive = new Map();
  const create = GPUDevice.prototype.createBuffer;
  GPUDevice.prototype.createBuffer = function (descriptor) {
    const buffer = create.call(this, descriptor);
    alive.set(buffer, buffer.size);
    return buffer;
  };
  const destroy = GPUBuffer.prototype.destroy;
  GPUBuffer.prototype.destroy = function () {
    alive.delete(this);
    return destroy.call(this);
  };
  const channel = new BroadcastChannel('soak');
  channel.onmessage = ({ data }) => {
    if (data !== 'buffers') return;
    channel.postMessage({ buffers: alive.size, bytes: [...alive.values()].reduce((sum, size) => sum + size, 0) });
  };
}
`;

interface Sample {
  readonly round: number;
  /** Processor time of the browser's processes so far, seconds. */
  readonly seconds: number;
  /** MB. */
  readonly scripts: number;
  readonly renderer: number;
  readonly graphics: number;
  readonly device: number;
  readonly buffers: number;
}

test('the page, for hundreds of steps', async ({ lab }) => {
  test.setTimeout(4 * 60 * 60_000);
  const { page } = lab;
  await page.route(/trainer\.worker.*\.js/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${counting}${await response.text()}` });
  });
  const session = await page.context().browser()?.newBrowserCDPSession();
  if (session === undefined) throw new Error('No browser.');
  await lab.open(
    `?preset=micro&run.backend=wgsl&sft.epochs=4&sft.probes=1&grpo.learningRate=1e-7&grpo.warmupSteps=0&stage1.steps=${steps}&stage2.steps=0&evaluation.afterColdStart=false&evaluation.problems=1`,
  );
  await expect(page.getByTestId('notice')).toHaveCount(0);
  await expect(page.getByTestId('engine-badge').first()).toContainText('WebGPU');
  await lab.train();
  await expect(page.getByTestId('phase-stage1')).toHaveAttribute('data-status', 'active', {
    timeout: 30 * 60_000,
  });
  const round = async () => Number(await lab.root.getAttribute('data-round'));
  const samples: Sample[] = [];
  const began = performance.now();
  const first = await round();
  for (let next = first + every; next <= first + steps; next += every) {
    await expect.poll(round, { timeout: 30 * 60_000, intervals: [200] }).toBeGreaterThanOrEqual(next);
    const taken = await sample(page, session, await round());
    samples.push(taken);
    next = Math.max(next, taken.round);
    if (samples.length % 6 === 0) process.stdout.write(`${line(taken)}\n`);
    if ((await lab.root.getAttribute('data-status')) !== 'running') break;
  }
  const seconds = (performance.now() - began) / 1000;
  await lab.waitFor('done', 60 * 60_000);
  const file = await lab.download(/^Export the run/);
  const { series } = JSON.parse(file.bytes.toString()) as { series: Series };
  report(samples, tokensOf(series), seconds);
});

async function sample(page: Page, session: CDPSession, round: number): Promise<Sample> {
  const told = await page.evaluate(async () => {
    const { bytes } = await (
      performance as unknown as { measureUserAgentSpecificMemory(): Promise<{ bytes: number }> }
    ).measureUserAgentSpecificMemory();
    const channel = new BroadcastChannel('soak');
    const device = await new Promise<{ buffers: number; bytes: number }>((resolve) => {
      channel.onmessage = ({ data }: MessageEvent<{ buffers: number; bytes: number }>) => resolve(data);
      channel.postMessage('buffers');
    });
    channel.close();
    return { scripts: bytes, device };
  });
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const largest = (type: string) =>
    Math.max(...processInfo.filter((one) => one.type === type).map(({ id }) => resident(id)));
  return {
    round,
    seconds: processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0),
    scripts: told.scripts / 2 ** 20,
    renderer: largest('renderer'),
    graphics: largest('GPU'),
    device: told.device.bytes / 2 ** 20,
    buffers: told.device.buffers,
  };
}

/** Memory of a process, MB; NaN where the system does not tell. */
function resident(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  } catch {
    return NaN;
  }
}

interface Series {
  readonly rounds: {
    readonly x: readonly number[];
    readonly metrics: Readonly<Record<string, readonly (number | null)[]>>;
  };
}

/** Mean length of what was written, by round, tokens. */
function tokensOf({ rounds }: Series): ReadonlyMap<number, number> {
  const lengths = rounds.metrics['response_length/mean'];
  if (lengths === undefined) throw new Error('The run has no lengths.');
  return new Map(rounds.x.map((round, i) => [round, lengths[i] ?? NaN]));
}

const line = ({ round, scripts, renderer, graphics, device, buffers }: Sample) =>
  `round ${round}: ${[
    `scripts ${scripts.toFixed(1)} MB`,
    `renderer ${renderer.toFixed(0)} MB`,
    `graphics process ${graphics.toFixed(0)} MB`,
    `device ${device.toFixed(1)} MB in ${buffers} buffers`,
  ].join(', ')}`;

const median = (numbers: readonly number[]) =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;
const least = (numbers: readonly number[]) => Math.min(...numbers);

function report(samples: readonly Sample[], tokens: ReadonlyMap<number, number>, seconds: number): void {
  const costs = samples.slice(1).map((sample, i) => {
    const before = samples[i]!;
    let written = 0;
    for (let round = before.round + 1; round <= sample.round; round++) written += tokens.get(round) ?? NaN;
    // Of one trajectory of each round; every round has as many.
    return { ...sample, cost: (1000 * (sample.seconds - before.seconds)) / written };
  });
  const counted = costs.slice(Math.ceil(costs.length * warmUp));
  const quarter = Math.max(1, Math.floor(counted.length / 4));
  const [early, late] = [counted.slice(0, quarter), counted.slice(-quarter)];
  const memory = (before: number) => before + Math.max(most.megabytes, most.share * before);
  const rows = (
    [
      ['JavaScript of page and workers, MB', ({ scripts }) => scripts, median, memory],
      ['renderer process, MB', ({ renderer }) => renderer, median, memory],
      ['graphics process, MB', ({ graphics }) => graphics, median, memory],
      ['buffers on the device, MB', ({ device }) => device, median, memory],
      ['buffers on the device', ({ buffers }) => buffers, median, (before) => before],
      // What a busy machine adds is no part of it, and every quarter has quiet moments.
      [
        'processor time of a token, relative',
        ({ cost }) => cost,
        least,
        (before) => before * (1 + most.cost),
      ],
    ] satisfies [
      string,
      (one: (typeof costs)[number]) => number,
      (numbers: readonly number[]) => number,
      (before: number) => number,
    ][]
  ).map(([name, value, typical, allowed]) => {
    const [before, after] = [typical(early.map(value)), typical(late.map(value))];
    return { name, before, after, flat: after <= allowed(before) };
  });
  const width = Math.max(...rows.map(({ name }) => name.length));
  process.stdout.write(
    `${[
      `${cpus().length} cores of ${cpus()[0]?.model ?? '?'}, load ${loadavg()[0]?.toFixed(1)}`,
      `${samples.at(-1)!.round - samples[0]!.round} steps in ${seconds.toFixed(0)} s, ${samples.length} measurements`,
      ...rows.map(
        ({ name, before, after, flat }) =>
          `${name.padEnd(width)}  ${before.toFixed(2)} -> ${after.toFixed(2)}${flat ? '' : '  grew'}`,
      ),
    ].join('\n')}\n`,
  );
  expect(
    rows.filter(({ flat }) => !flat).map(({ name }) => name),
    'what grew',
  ).toEqual([]);
}
