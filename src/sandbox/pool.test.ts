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

/** A worker that answers each cell with its code; `hog` never answers, `bug` breaks the interpreter, and `rot`,
 * `two` and `out` are answered as no worker should. */
class ScriptedWorker implements WorkerLike {
  onMessage: (message: unknown) => void = () => undefined;
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
      this.#say(
        this.#boots
          ? { type: 'ready', version: 'scripted' }
          : { type: 'unavailable', reason: 'no pyodide.mjs' },
      );
      return;
    }
    if (message.release.length > 0) this.#say({ type: 'released' });
    for (const { code } of message.cells) {
      if (code === 'hog') return;
      if (code === 'bug') return this.#say({ type: 'crashed', reason: 'stack overflow' });
      if (code === 'rot') return this.onMessage({ type: 'finished', result: 'nonsense' });
      if (code === 'two') this.#finish(code);
      this.#finish(code);
    }
    this.#say({ type: 'done', heapBytes: 0 });
  }

  #finish(code: string): void {
    const output = code === 'out' ? 'x'.repeat(101) : code;
    this.#say({
      type: 'finished',
      result: { kind: 'ok', output },
      stateful: code.includes('='),
      lost: false,
    });
  }

  #say(message: FromWorker): void {
    this.onMessage(message);
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

it('keeps one spare, and after a loss two', async () => {
  const pool = await create();
  expect(workers.length).toBe(2);
  const results = pool.run([{ trajectory: 1, code: 'hog' }]);
  await vi.advanceTimersByTimeAsync(300);
  expect(await results).toEqual([{ kind: 'timeout', deadlineMs: 100 }]);
  await pool.run([{ trajectory: 1, code: 'x' }]);
  expect(workers.map((worker) => worker.terminated)).toEqual([true, false, false, false]);
  pool.dispose();
});

it('replays only stateful ok cells, only of trajectories in the batch, before their first cell', async () => {
  const pool = await create();
  await pool.run([
    { trajectory: 1, code: 'a=1' },
    { trajectory: 1, code: 'x' },
    { trajectory: 2, code: 'b=1' },
    { trajectory: 3, code: 'c=1' },
  ]);
  const results = pool.run([
    { trajectory: 1, code: 'd=1' },
    { trajectory: 3, code: 'hog' },
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
      { trajectory: 1, code: 'bug' },
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
      slow.onMessage({
        type: 'finished',
        result: { kind: 'ok', output: message.type },
        stateful: false,
        lost: false,
      });
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
  expect(workers[0]?.received.slice(1)).toMatchObject([
    { release: [], cells: [{ code: 'a=1' }] },
    { release: [1], cells: [{ code: 'x', index: 0 }] },
  ]);
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
      { trajectory: 1, code: 'bug' },
      { trajectory: 1, code: 'x' },
    ]),
  ).toEqual([expect.objectContaining({ kind: 'error' }), { kind: 'ok', output: 'x' }]);
  pool.dispose();
});

it('rejects when no worker can be started any more', async () => {
  const pool = await create((nth) => nth === 0);
  const results = pool.run([
    { trajectory: 1, code: 'bug' },
    { trajectory: 1, code: 'x' },
  ]);
  await expect(results).rejects.toThrow(SandboxUnavailableError);
  pool.dispose();
});

it('rejects a batch that is cut off by dispose, and terminates every worker', async () => {
  const pool = await create();
  const results = pool.run([{ trajectory: 1, code: 'hog' }]);
  await Promise.resolve();
  await Promise.resolve();
  pool.dispose();
  await expect(results).rejects.toThrow(/disposed/);
  expect(workers.every((worker) => worker.terminated)).toBe(true);
});

it('a start listens for the disposal no longer than it takes', async () => {
  const { signal } = new AbortController();
  const begin = (boots: boolean) =>
    PythonThread.start(new ScriptedWorker(boots), { settings, heapLimitBytes: 0 }, () => undefined, signal);
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
    { settings, heapLimitBytes: 0 },
    () => undefined,
    disposal.signal,
  );
  disposal.abort();
  await expect(starting).rejects.toThrow(SandboxUnavailableError);
  expect(worker.terminated).toBe(true);
});

it.each(['rot', 'two', 'out'])('gives up a worker that does not keep to the protocol: %s', async (code) => {
  const pool = await create();
  expect(
    await pool.run([
      { trajectory: 1, code },
      { trajectory: 2, code: 'x' },
    ]),
  ).toHaveLength(2);
  expect((await pool.run([{ trajectory: 2, code: 'x' }]))[0]).toEqual({ kind: 'ok', output: 'x' });
  expect(workers[0]?.terminated).toBe(true);
  expect(pool.workersReplaced).toBe(1);
  pool.dispose();
});

it('gives up a worker that speaks without being asked, and blames no cell for it', async () => {
  const pool = await create();
  workers[0]?.onMessage({ type: 'done', heapBytes: 0 });
  expect(await pool.run([{ trajectory: 1, code: 'x' }])).toEqual([{ kind: 'ok', output: 'x' }]);
  expect(workers[0]?.terminated).toBe(true);
  pool.dispose();
});

it('a cell cannot stay beyond its limit, whatever its worker says meanwhile', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval', 'performance'] });
  const pool = await create();
  const results = pool.run([
    { trajectory: 1, code: 'x' },
    { trajectory: 1, code: 'hog' },
  ]);
  const began = performance.now();
  let ended = Infinity;
  void results.then(() => (ended = performance.now()));
  await vi.advanceTimersByTimeAsync(1000);
  expect((await results)[1]).toEqual({ kind: 'timeout', deadlineMs: settings.deadlineMs });
  expect(ended - began).toBeGreaterThan(settings.deadlineMs);
  expect(ended - began).toBeLessThanOrEqual(settings.deadlineMs + 250);
  pool.dispose();
});

it('runs a trajectory that is not plain apart from those that are, with what it left before', async () => {
  const pool = await create();
  await pool.run([
    { trajectory: 1, code: 'a=1' },
    { trajectory: 2, code: 'b=1' },
  ]);
  const results = await pool.run([
    { trajectory: 1, code: 'import x' },
    { trajectory: 2, code: 'c=1' },
    { trajectory: 1, code: 'd=1' },
  ]);
  expect(results.map((result) => result.kind === 'ok' && result.output)).toEqual(['import x', 'c=1', 'd=1']);
  expect(workers[0]?.codes).toEqual(['a=1', 'b=1', 'c=1']);
  expect(workers[1]?.codes).toEqual(['(a=1)', 'import x', 'd=1']);
  pool.dispose();
});

it('gives a cell under which its worker ended a second try, after a rebuild, and blames it for the next end', async () => {
  const pool = await create();
  await pool.run([{ trajectory: 1, code: 'a=1' }]);
  const endsAt = (worker: ScriptedWorker | undefined) => {
    if (worker === undefined) throw new Error('no worker');
    worker.post = (message) => {
      worker.received.push(message);
      queueMicrotask(() => worker.onFailure('its process ended (SIGKILL)'));
    };
  };
  // Ended from outside, once: nothing of it is seen.
  endsAt(workers[0]);
  expect(
    await pool.run([
      { trajectory: 1, code: 'b=2' },
      { trajectory: 1, code: 'x' },
    ]),
  ).toEqual([
    { kind: 'ok', output: 'b=2' },
    { kind: 'ok', output: 'x' },
  ]);
  expect(workers[1]?.codes).toEqual(['(a=1)', 'b=2', 'x']);
  expect(pool.statesLost).toBe(0);
  // Ended by the cell: it costs two workers and is told.
  for (const worker of workers.slice(1, 3)) endsAt(worker);
  expect(await pool.run([{ trajectory: 2, code: 'y' }])).toEqual([
    { kind: 'error', message: 'The Python interpreter broke: its process ended (SIGKILL)', output: '' },
  ]);
  expect(await pool.run([{ trajectory: 1, code: 'z' }])).toEqual([{ kind: 'ok', output: 'z' }]);
  expect(pool.workersReplaced).toBe(3);
  pool.dispose();
});

it('marks and counts a trajectory whose variables cannot be brought back, and runs its later cells', async () => {
  const pool = await create();
  await pool.run([{ trajectory: 1, code: 'a=1' }]);
  await pool.run([{ trajectory: 2, code: 'bug' }]);
  const spare = workers[1];
  if (spare === undefined) throw new Error('no spare');
  spare.post = (message) => {
    if (message.type !== 'run') return;
    for (const { replay, code } of message.cells) {
      const result = replay ? { kind: 'memory', message: '' } : { kind: 'ok', output: code };
      spare.onMessage({ type: 'finished', result, stateful: false, lost: false });
    }
    spare.onMessage({ type: 'done', heapBytes: 0 });
  };
  const after = await pool.run(['x', 'y'].map((code) => ({ trajectory: 1, code })));
  expect(after, 'the first result after the loss tells it').toEqual([
    { kind: 'ok', output: 'x', stateLost: true },
    { kind: 'ok', output: 'y' },
  ]);
  expect(pool.statesLost).toBe(1);
  pool.dispose();
});
