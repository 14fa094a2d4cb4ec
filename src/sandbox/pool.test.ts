/**
 * The pool's own rules, with a scripted worker in Python's place.
 */
import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { PythonPool } from './pool.ts';
import type { FromWorker, ToWorker, WorkerLike } from './protocol.ts';
import { PythonThread } from './pythonThread.ts';
import { SandboxUnavailableError } from './sandbox.ts';

const settings = { deadlineMs: 100, maxCodeLength: 100, maxOutputLength: 100 };

/** A worker that answers each cell with its code; `hang` never answers, `crash` breaks the interpreter. */
class ScriptedWorker implements WorkerLike {
  onMessage: (message: FromWorker) => void = () => undefined;
  onFailure: (reason: string) => void = () => undefined;
  readonly received: ToWorker[] = [];
  terminated = false;
  readonly #boots: boolean;

  constructor(boots: boolean) {
    this.#boots = boots;
  }

  post(message: ToWorker): void {
    this.received.push(message);
    queueMicrotask(() => this.#answer(message));
  }

  #answer(message: ToWorker): void {
    if (message.type === 'boot') {
      this.onMessage(
        this.#boots
          ? { type: 'ready', version: 'scripted' }
          : { type: 'unavailable', reason: 'no pyodide.mjs' },
      );
    } else if (message.type === 'run') {
      for (const { code } of message.cells) {
        if (code === 'hang') return;
        if (code === 'crash') return this.onMessage({ type: 'crashed', reason: 'stack overflow' });
        this.onMessage({
          type: 'finished',
          result: { kind: 'ok', output: code },
          stateful: code.includes('='),
        });
      }
      this.onMessage({ type: 'done', heapBytes: 0 });
    }
  }

  terminate(): void {
    this.terminated = true;
  }

  /** Code of the cells that this worker ran, replays in brackets. */
  get codes(): string[] {
    return this.received.flatMap((message) =>
      message.type === 'run' ? message.cells.map((cell) => (cell.replay ? `(${cell.code})` : cell.code)) : [],
    );
  }
}

let workers: ScriptedWorker[];
const create = (boots: (nth: number) => boolean = () => true) =>
  PythonPool.create({
    settings,
    location: '/',
    graceMs: 100,
    spawn: () => {
      const worker = new ScriptedWorker(boots(workers.length));
      workers.push(worker);
      return worker;
    },
  });

beforeEach(() => {
  workers = [];
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

it('keeps one spare, and starts another when the spare takes over', async () => {
  const pool = await create();
  expect(workers.length).toBe(2);
  const results = pool.run([{ trajectory: 1, code: 'hang' }]);
  await vi.advanceTimersByTimeAsync(300);
  expect(await results).toEqual([{ kind: 'timeout', deadlineMs: 100 }]);
  await pool.run([{ trajectory: 1, code: 'x' }]);
  expect(workers.length).toBe(3);
  expect(workers.map((worker) => worker.terminated)).toEqual([true, false, false]);
  pool.dispose();
});

it('replays only stateful ok cells, only of trajectories in the batch, before their first cell', async () => {
  const pool = await create();
  await pool.run([
    { trajectory: 1, code: 'a=1' },
    { trajectory: 1, code: 'print' },
    { trajectory: 2, code: 'b=1' },
    { trajectory: 3, code: 'c=1' },
  ]);
  const results = pool.run([
    { trajectory: 1, code: 'd=1' },
    { trajectory: 3, code: 'hang' },
    { trajectory: 1, code: 'x' },
    { trajectory: 3, code: 'y' },
    { trajectory: 1, code: 'z' },
  ]);
  await vi.advanceTimersByTimeAsync(300);
  expect((await results).map((result) => result.kind)).toEqual(['ok', 'timeout', 'ok', 'ok', 'ok']);
  expect(workers[1]?.codes).toEqual(['(a=1)', '(d=1)', 'x', '(c=1)', 'y', 'z']);
  pool.dispose();
});

it('a cell that breaks the interpreter ends in error, the others run', async () => {
  const pool = await create();
  expect(
    await pool.run([
      { trajectory: 1, code: 'crash' },
      { trajectory: 1, code: 'x' },
    ]),
  ).toEqual([
    { kind: 'error', message: 'The Python interpreter broke: stack overflow', output: '' },
    { kind: 'ok', output: 'x' },
  ]);
  pool.dispose();
});

it('does not take its own thread being busy for a hanging cell', async () => {
  vi.useRealTimers();
  const pool = await create();
  const slow = workers[0];
  if (slow === undefined) throw new Error('no worker');
  slow.post = (message) => {
    // The answer is in the queue, but this thread is kept busy well past deadline and grace.
    setTimeout(() => {
      slow.onMessage({ type: 'finished', result: { kind: 'ok', output: message.type }, stateful: false });
      slow.onMessage({ type: 'done', heapBytes: 0 });
    }, 30);
  };
  const results = pool.run([{ trajectory: 1, code: 'x' }]);
  await Promise.resolve();
  const until = performance.now() + 500;
  while (performance.now() < until);
  expect(await results).toEqual([{ kind: 'ok', output: 'run' }]);
  expect(pool.workersReplaced).toBe(0);
  pool.dispose();
});

it('runs batches and releases in the order of the calls', async () => {
  const pool = await create();
  const first = pool.run([{ trajectory: 1, code: 'a=1' }]);
  pool.release([1]);
  await Promise.all([first, pool.run([{ trajectory: 1, code: 'x' }])]);
  expect(workers[0]?.received.map((message) => message.type)).toEqual(['boot', 'run', 'release', 'run']);
  expect(workers[0]?.codes).toEqual(['a=1', 'x']);
  pool.dispose();
});

it('says in one sentence that Python is unavailable', async () => {
  await expect(create(() => false)).rejects.toThrow(SandboxUnavailableError);
  expect(workers.map((worker) => worker.terminated)).toEqual([true]);
});

it('survives a spare that does not start', async () => {
  const pool = await create((nth) => nth !== 1);
  expect(
    await pool.run([
      { trajectory: 1, code: 'crash' },
      { trajectory: 1, code: 'x' },
    ]),
  ).toEqual([expect.objectContaining({ kind: 'error' }), { kind: 'ok', output: 'x' }]);
  pool.dispose();
});

it('rejects when no worker can be started any more', async () => {
  const pool = await create((nth) => nth === 0);
  const results = pool.run([
    { trajectory: 1, code: 'crash' },
    { trajectory: 1, code: 'x' },
  ]);
  await expect(results).rejects.toThrow(SandboxUnavailableError);
  pool.dispose();
});

it('rejects a batch that is cut off by dispose, and terminates every worker', async () => {
  const pool = await create();
  const results = pool.run([{ trajectory: 1, code: 'hang' }]);
  await Promise.resolve();
  await Promise.resolve();
  pool.dispose();
  await expect(results).rejects.toThrow(/disposed/);
  expect(workers.every((worker) => worker.terminated)).toBe(true);
});

it('a start listens for the disposal no longer than it takes', async () => {
  const { signal } = new AbortController();
  const begin = (boots: boolean) =>
    PythonThread.start(
      new ScriptedWorker(boots),
      { location: '/', settings, heapLimitBytes: 0 },
      0,
      () => undefined,
      signal,
    );
  const starting = [begin(true), begin(false), begin(true)];
  expect(getEventListeners(signal, 'abort')).toHaveLength(3);
  await Promise.allSettled(starting);
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

it('a start that is aborted terminates its worker', async () => {
  const disposal = new AbortController();
  const worker = new ScriptedWorker(true);
  const starting = PythonThread.start(
    worker,
    { location: '/', settings, heapLimitBytes: 0 },
    0,
    () => undefined,
    disposal.signal,
  );
  disposal.abort();
  await expect(starting).rejects.toThrow(SandboxUnavailableError);
  expect(worker.terminated).toBe(true);
});
