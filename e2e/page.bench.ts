/**
 * How fast the page is: to its first paint with a cold and a warm cache, what it loads for that, from a click on Train to the first
 * round and to the end of a run, and how long the main thread is kept busy meanwhile.
 *
 *     npm run bench:page                                  the lesson, and a `micro` run, on WebGPU and on the processor
 *     BENCH_QUERY='?preset=quick' npm run bench:page      another run; whatever the address can say
 */
import { cpus, loadavg } from 'node:os';
import { expect, test, type LabPage } from './lab.ts';
import { longTask, watchMainThread } from './mainThread.ts';

test('the page', async ({ lab }, { project }) => {
  test.setTimeout(60 * 60_000);
  const backend = project.name === 'webgpu' ? 'wgsl' : 'simd';
  const query = process.env['BENCH_QUERY'] ?? `?preset=micro&run.backend=${backend}`;
  const rows: [string, string][] = [
    ['machine', `${cpus().length} cores of ${cpus()[0]?.model ?? '?'}, load ${loadavg()[0]?.toFixed(1)}`],
  ];
  const cold = await opening(lab, query);
  rows.push(['first contentful paint, cold cache', milliseconds(cold.paint)]);
  rows.push([
    'loaded until then and shortly after',
    `${cold.files} files, ${kilobytes(cold.bytes)} on the wire`,
  ]);
  rows.push(['first contentful paint, warm cache', milliseconds((await opening(lab, query)).paint)]);
  rows.push([
    'engine',
    (await lab.page.getByTestId('engine-badge').first().innerText()).replaceAll('\n', ', '),
  ]);

  const tasks = await watchMainThread(lab.page);
  const started = performance.now();
  await lab.train();
  await expect(lab.root).toHaveAttribute('data-round', /[1-9]/, { timeout: 30 * 60_000 });
  rows.push(['from the click to the first round', seconds(performance.now() - started)]);
  await lab.waitFor('done', 60 * 60_000);
  rows.push([`the whole run, ${query}`, seconds(performance.now() - started)]);
  const busy = (await tasks()).sort((a, b) => b - a);
  const long = busy.filter((duration) => duration > longTask);
  rows.push([
    'main thread during the run, processor time',
    `${seconds(busy.reduce((sum, duration) => sum + duration, 0))} in ${busy.length} tasks`,
  ]);
  rows.push(['... its longest tasks', busy.slice(0, 5).map(milliseconds).join(', ')]);
  rows.push([`... its tasks above ${longTask} ms`, String(long.length)]);

  tell(project.name, rows);
});

function tell(where: string, rows: readonly (readonly [string, string])[]): void {
  const width = Math.max(...rows.map(([what]) => what.length));
  const table = rows.map(([what, value]) => `${what.padEnd(width)}  ${value}`).join('\n');
  process.stdout.write(`\n${where}\n${table}\n\n`);
}

/** Frames a second while two runs go on, over so long, milliseconds. */
const watched = 20_000;

test('the lesson', async ({ lab: { page } }, { project }) => {
  test.setTimeout(20 * 60_000);
  const rows: [string, string][] = [
    ['machine', `${cpus().length} cores of ${cpus()[0]?.model ?? '?'}, load ${loadavg()[0]?.toFixed(1)}`],
  ];
  const drawn = async () => {
    await page.goto('./?lesson=collapse');
    await expect(page.getByTestId('scene')).toHaveAttribute('data-ready', 'true');
    return page.evaluate(
      () => new Promise<number>((seen) => requestAnimationFrame(() => seen(performance.now()))),
    );
  };
  rows.push(['the scene is drawn, cold cache', milliseconds(await drawn())]);
  const warm: number[] = [];
  for (let time = 0; time < 5; time++) warm.push(await drawn());
  rows.push(['... warm cache, the best of five', milliseconds(Math.min(...warm))]);
  await page.getByRole('button', { name: 'Skip' }).click();
  await page.getByTestId('train-both').click();
  for (const who of ['a', 'b'])
    await expect(page.getByTestId(`loss-${who}`)).toHaveText(/\d/, { timeout: 10 * 60_000 });
  const tasks = await watchMainThread(page);
  const frames = await page.evaluate(
    (time) =>
      new Promise<number>((seen) => {
        const began = performance.now();
        let count = 0;
        const next = (now: number) => {
          count++;
          if (now - began < time) requestAnimationFrame(next);
          else seen((1000 * count) / (now - began));
        };
        requestAnimationFrame(next);
      }),
    watched,
  );
  const busy = (await tasks()).sort((a, b) => b - a);
  rows.push([`frames a second with two live runs, over ${watched / 1000} s`, frames.toFixed(1)]);
  rows.push(['... the longest tasks, processor time', busy.slice(0, 5).map(milliseconds).join(', ')]);
  tell(project.name, rows);
});

/** Opens the page anew. @returns first contentful paint in milliseconds, and what was loaded until the network was quiet */
async function opening(
  lab: LabPage,
  query: string,
): Promise<{ paint: number; files: number; bytes: number }> {
  await lab.open(query);
  await lab.page.waitForLoadState('networkidle');
  return await lab.page.evaluate(() => {
    const resources = [
      ...performance.getEntriesByType('navigation'),
      ...performance.getEntriesByType('resource'),
    ] as PerformanceResourceTiming[];
    const [paint] = performance.getEntriesByName('first-contentful-paint');
    return {
      paint: paint?.startTime ?? Number.NaN,
      files: resources.length,
      bytes: resources.reduce((sum, { transferSize }) => sum + transferSize, 0),
    };
  });
}

const milliseconds = (value: number) => `${Math.round(value)} ms`;
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
const kilobytes = (bytes: number) => `${Math.round(bytes / 1000).toLocaleString('en')} kB`;
