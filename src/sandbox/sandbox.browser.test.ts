/**
 * The sandbox in a real browser: real Pyodide in the page's walled frame.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBrowserSandbox, type DoorMessage } from './browserSandbox.ts';
import type { PythonPool } from './pool.ts';
import type { BootProgress } from './protocol.ts';
import { forgetDownloads } from './pythonFiles.ts';
import { openPythonDoor } from './pythonFrame.ts';
import { SandboxUnavailableError } from './sandbox.ts';

const settings = { deadlineMs: 300, maxCodeLength: 500, maxOutputLength: 200 };

describe('the sandbox in its frame', () => {
  let sandbox: PythonPool;
  const progress: BootProgress[] = [];

  beforeAll(async () => {
    forgetDownloads();
    sandbox = await createBrowserSandbox({
      door: openPythonDoor(location.origin).port,
      settings,
      onProgress: (step) => progress.push(step),
    });
  }, 180_000);
  afterAll(() => sandbox.dispose());

  const run = async (...codes: string[]) => await sandbox.run(codes.map((code) => ({ trajectory: 1, code })));

  it('says what it downloads and when it is ready', () => {
    const downloads = progress.filter((step) => step.stage === 'download');
    expect(downloads.at(-1)?.loadedBytes).toBeGreaterThan(10_000_000);
    expect(progress.at(-1)).toEqual({ stage: 'ready' });
    expect(sandbox.version).toMatch(/^Pyodide \d+\.\d+\.\d+, Python 3\.\d+\.\d+$/);
  });

  it('keeps variables between calls', async () => {
    expect(await run('a = 37*2')).toEqual([{ kind: 'ok', output: '' }]);
    expect(await run('a + 15')).toEqual([{ kind: 'ok', output: '89' }]);
  });

  it('stops a loop at its deadline, without isolation headers being needed, and runs the cells behind it', async () => {
    // A worker that is not back 200 ms later is replaced. A busy machine may not give it so much, so it is asked up to five times.
    let isSameWorker = false;
    for (let tries = 0; tries < 5 && !isSameWorker; tries++) {
      const replaced = sandbox.workersReplaced;
      expect(await run('while True: pass', 'a')).toEqual([
        { kind: 'timeout', deadlineMs: 300 },
        { kind: 'ok', output: '74' },
      ]);
      isSameWorker = sandbox.workersReplaced === replaced;
    }
    expect(isSameWorker).toBe(true);
  });

  it('replaces a worker that does not come back, and its variables survive', async () => {
    const replaced = sandbox.workersReplaced;
    expect(await run('sum(range(10**10))', 'a')).toEqual([
      { kind: 'timeout', deadlineMs: 300 },
      { kind: 'ok', output: '74' },
    ]);
    expect(sandbox.workersReplaced).toBe(replaced + 1);
  });

  it('ends a cell that wants too much memory in `memory`', async () => {
    expect((await run("'a'*10**9"))[0]?.kind).toBe('memory');
    expect(await run('a')).toEqual([{ kind: 'ok', output: '74' }]);
  });

  it('refuses the modules that lead to JavaScript', async () => {
    for (const name of ['js', 'pyodide_js', 'pyodide.code', 'pyodide.http', 'os', 'socket']) {
      expect((await run(`import ${name}`))[0]).toMatchObject({
        kind: 'error',
        message: /cannot be imported/,
      });
    }
  });
});

/** The first message of a fixture worker. */
function answerOf(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.onmessage = (event: MessageEvent<unknown>) => resolve(event.data);
    worker.onerror = (event) => reject(new Error(event.message));
  }).finally(() => worker.terminate());
}

it('leaves a hardened worker no way outside, and JavaScript that works', async () => {
  const worker = new Worker(new URL('./testing/harden.worker.ts', import.meta.url), { type: 'module' });
  expect(await answerOf(worker)).toEqual({
    reachable: [],
    made: Array<string>(4).fill('undefined'),
    stillWorks: [2, 4],
    isFunction: true,
  });
});

it('works for a worker that is handed the door', async () => {
  const worker = new Worker(new URL('./testing/asking.worker.ts', import.meta.url), { type: 'module' });
  const door = openPythonDoor(location.origin);
  worker.postMessage({ type: 'python-door' } satisfies DoorMessage, [door.port]);
  expect(await answerOf(worker)).toEqual([{ kind: 'ok', output: '74' }]);
  door.close();
});

describe('a page whose pyodide folder is missing', () => {
  it('says so in one sentence', async () => {
    const door = openPythonDoor(new URL('/nowhere/', location.origin).href);
    const failed = createBrowserSandbox({ door: door.port, settings });
    await expect(failed).rejects.toThrow(SandboxUnavailableError);
    await expect(failed).rejects.toThrow(/^Python could not be started \(.*\), so check that .*reload\.$/);
  });
});
