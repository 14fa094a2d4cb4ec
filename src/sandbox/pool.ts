/**
 * The sandbox over real workers: one active Python, one started in advance to take over from it.
 *
 * Invariants. (1) Every cell gets one result, whatever it does: a cell that does not come back within its deadline
 * (it swallows the interrupt, or sits in one long C call) costs its worker, ends in `timeout`, and the cells behind it
 * are run by the spare. (2) A trajectory's variables outlive a worker: the pool keeps the ok cells that may have left
 * something behind and replays them, in order and with their seeds, before the trajectory's next cell in a worker that
 * does not hold its namespace. (3) A worker whose heap has grown is retired between batches, since WebAssembly memory
 * never shrinks.
 */
import type { BootProgress, WireCell, WorkerLike } from './protocol.ts';
import { PythonThread } from './pythonThread.ts';
import type { FinishedCell } from './pythonThread.ts';
import { SandboxUnavailableError } from './sandbox.ts';
import type { Cell, ExecutionResult, Sandbox, SandboxSettings } from './sandbox.ts';

export interface PoolOptions {
  readonly spawn: () => WorkerLike;
  /** The folder of Pyodide's files: an absolute URL ending in "/" in the browser, a path in Node. */
  readonly location: string;
  readonly settings: SandboxSettings;
  /** Progress of the first worker's start. */
  readonly onProgress?: (progress: BootProgress) => void;
  /** How long after its deadline a cell may stay silent before its worker is terminated, milliseconds. */
  readonly graceMs?: number;
  /** Python's heap never grows beyond this. */
  readonly heapLimitBytes?: number;
  /** A worker whose heap is larger than this after a batch is replaced. */
  readonly recycleHeapBytes?: number;
}

const mebibyte = 2 ** 20;
const startAttempts = 2;

/** A trajectory's cells so far: how many ran, and which a new worker must replay. */
interface History {
  cells: number;
  replay: WireCell[];
}

export class PythonPool implements Sandbox {
  readonly version: string;
  readonly #options: Required<PoolOptions>;
  readonly #histories = new Map<number, History>();
  readonly #disposal: AbortController;
  #active: PythonThread | null;
  #spare: Promise<PythonThread> | null = null;
  /** Batches and releases wait for each other here, so that they reach Python in the order of the calls. */
  #queue: Promise<unknown> = Promise.resolve();
  #workersReplaced = 0;

  private constructor(first: PythonThread, options: Required<PoolOptions>, disposal: AbortController) {
    this.version = first.version;
    this.#active = first;
    this.#options = options;
    this.#disposal = disposal;
    this.#startSpare();
  }

  /** Starts Python. Rejects with SandboxUnavailableError where that fails. */
  static async create(given: PoolOptions): Promise<PythonPool> {
    const options: Required<PoolOptions> = {
      onProgress: () => undefined,
      graceMs: 400,
      heapLimitBytes: 256 * mebibyte,
      recycleHeapBytes: 128 * mebibyte,
      ...given,
    };
    const disposal = new AbortController();
    return new PythonPool(await start(options, disposal.signal, options.onProgress), options, disposal);
  }

  /** Workers given up so far, because of a hanging cell, a broken interpreter or a grown heap. */
  get workersReplaced(): number {
    return this.#workersReplaced;
  }

  run(cells: readonly Cell[]): Promise<readonly ExecutionResult[]> {
    return this.#enqueue(() => this.#runBatch(cells));
  }

  release(trajectories: readonly number[]): void {
    void this.#enqueue(() => {
      for (const trajectory of trajectories) this.#histories.delete(trajectory);
      this.#active?.release(trajectories);
      return Promise.resolve();
    });
  }

  dispose(): void {
    this.#disposal.abort();
    this.#active?.terminate();
    this.#active = null;
    void this.#spare?.then(
      (spare) => spare.terminate(),
      () => undefined,
    );
    this.#spare = null;
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #runBatch(cells: readonly Cell[]): Promise<readonly ExecutionResult[]> {
    const wired = cells.map((cell) => this.#wire(cell));
    const results: ExecutionResult[] = [];
    while (results.length < wired.length) {
      const thread = await this.#thread();
      const batch = this.#withReplays(wired.slice(results.length), thread);
      const { finished, end } = await thread.run(batch);
      if (this.#disposal.signal.aborted)
        throw new Error('The sandbox was disposed of while cells were running.');
      finished.forEach((outcome, position) => this.#record(batch[position], outcome, results));
      if (end.kind === 'done') {
        if (end.heapBytes > this.#options.recycleHeapBytes) this.#retire();
        continue;
      }
      const guilty = batch[finished.length];
      this.#record(guilty, { result: this.#lossOf(end), stateful: false }, results);
      this.#retire();
    }
    return results;
  }

  #wire(cell: Cell): WireCell {
    const history = this.#histories.get(cell.trajectory) ?? { cells: 0, replay: [] };
    this.#histories.set(cell.trajectory, history);
    return { trajectory: cell.trajectory, code: cell.code, index: history.cells++, replay: false };
  }

  /** The cells, each trajectory's first one preceded by its history where this worker does not hold its namespace. */
  #withReplays(cells: readonly WireCell[], thread: PythonThread): WireCell[] {
    return cells.flatMap((cell) => {
      if (thread.known.has(cell.trajectory)) return [cell];
      thread.known.add(cell.trajectory);
      return [...(this.#histories.get(cell.trajectory)?.replay ?? []), cell];
    });
  }

  #record(cell: WireCell | undefined, { result, stateful }: FinishedCell, results: ExecutionResult[]): void {
    if (cell === undefined) return;
    const history = this.#histories.get(cell.trajectory);
    if (!cell.replay) {
      results.push(result);
      if (result.kind === 'ok' && stateful) history?.replay.push({ ...cell, replay: true });
    } else if (result.kind !== 'ok' && history !== undefined) {
      // It was ok once, within its deadline. Trying it again in every new worker would only cost those workers.
      history.replay = history.replay.filter((earlier) => earlier.index !== cell.index);
    }
  }

  #lossOf(end: { kind: 'hung' } | { kind: 'crashed'; reason: string }): ExecutionResult {
    switch (end.kind) {
      case 'hung':
        return { kind: 'timeout', deadlineMs: this.#options.settings.deadlineMs };
      case 'crashed':
        return { kind: 'error', message: `The Python interpreter broke: ${end.reason}`, output: '' };
    }
  }

  #retire(): void {
    this.#active?.terminate();
    this.#active = null;
    this.#workersReplaced++;
  }

  /** The active worker; after a loss the spare, and a new spare behind it. */
  async #thread(): Promise<PythonThread> {
    let failure: unknown = new SandboxUnavailableError('the sandbox was disposed of');
    for (let attempt = 0; attempt < startAttempts && !this.#disposal.signal.aborted; attempt++) {
      if (this.#active !== null) return this.#active;
      try {
        const next = await (this.#spare ?? start(this.#options, this.#disposal.signal));
        if (this.#disposal.signal.aborted) next.terminate();
        else this.#active = next;
      } catch (error) {
        failure = error;
      }
      this.#spare = null;
      if (this.#active !== null) this.#startSpare();
    }
    if (this.#active !== null) return this.#active;
    throw failure;
  }

  #startSpare(): void {
    this.#spare = start(this.#options, this.#disposal.signal);
    // A spare that cannot start is reported when it is needed, by the attempt after it.
    this.#spare.catch(() => undefined);
  }
}

function start(
  options: Required<PoolOptions>,
  signal: AbortSignal,
  onProgress: (progress: BootProgress) => void = () => undefined,
): Promise<PythonThread> {
  const { location, settings, heapLimitBytes } = options;
  return PythonThread.start(
    options.spawn(),
    { location, settings, heapLimitBytes },
    options.graceMs,
    onProgress,
    signal,
  );
}
