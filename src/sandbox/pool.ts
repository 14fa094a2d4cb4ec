/**
 * The sandbox over real workers: one Python for plain cells, one for all others where there are any, and one started in advance to take
 * over from either.
 *
 * Invariants. (1) Every cell gets one result, whatever it does: a cell that does not come back within its deadline
 * (it swallows the interrupt, or sits in one long C call) costs its worker, ends in `timeout`, and the cells behind it
 * are run by the spare. (2) A trajectory's variables outlive a worker: the pool keeps the ok cells that may have left
 * something behind and replays them, in order and with their seeds, before the trajectory's next cell in a worker that
 * does not hold its namespace. (3) A worker whose heap has grown is retired between batches, since WebAssembly memory
 * never shrinks. (4) From its first cell that is not plain on (plain.ts) a trajectory is run apart from those that are. (5) All that a
 * trajectory's cells take, rebuilding included, is at most their deadlines and half a second for each: a rebuild has the time that its
 * cells left unspent. Where that is too short, or a cell does not run again, what it had left is lost; the
 * next result of such a trajectory says so, and it is counted.
 */
import { isPlain } from './plain.ts';
import type { BootProgress, WireCell, WorkerLike } from './protocol.ts';
import { graceMs, PythonThread } from './pythonThread.ts';
import type { BatchEnd, FinishedCell } from './pythonThread.ts';
import { SandboxUnavailableError } from './sandbox.ts';
import type { Cell, ExecutionResult, Sandbox, SandboxSettings } from './sandbox.ts';

export interface PoolOptions {
  readonly spawn: () => WorkerLike;
  readonly settings: SandboxSettings;
  /** Progress of the first worker's start. */
  readonly onProgress?: (progress: BootProgress) => void;
  /** Called once, when the pool is disposed of. */
  readonly onDispose?: () => void;
  /** Python's heap never grows beyond this. */
  readonly heapLimitBytes?: number;
  /** A worker whose heap is larger than this after a batch is replaced. */
  readonly recycleHeapBytes?: number;
}

const mebibyte = 2 ** 20;
const startAttempts = 2;
/** A rebuild never takes longer than so many deadlines. */
const rebuildPatience = 4;
/** What a cell may leave to its trajectory's rebuilds beyond its deadline, milliseconds. */
const rebuildBonusMs = 250;

/** A trajectory's cells so far: how many ran, which a new worker must replay, and the time that is left for that, milliseconds. */
interface History {
  cells: number;
  replay: WireCell[];
  isPlain: boolean;
  unspentMs: number;
  /** The most that it can be by the batch's next cell. */
  hopedMs: number;
  /** Its last cell did not end ok, so the next may have to wait for a rebuild. */
  isInDoubt: boolean;
  isLost: boolean;
  /** Something was lost that its next result has yet to tell. */
  hasLossToTell: boolean;
}

/** A cell of a batch, and where its result goes. */
interface Place {
  readonly cell: WireCell;
  readonly position: number;
  readonly isPlain: boolean;
}

/** One of the two Pythons, and the trajectories that it has yet to forget. */
interface Post {
  thread: PythonThread | null;
  readonly release: Set<number>;
}

export class PythonPool implements Sandbox {
  readonly version: string;
  readonly #options: Required<PoolOptions>;
  readonly #histories = new Map<number, History>();
  readonly #disposal: AbortController;
  readonly #plain: Post;
  readonly #open: Post = { thread: null, release: new Set() };
  readonly #spares: Promise<PythonThread>[] = [];
  /** After a loss there are two, so that another one right behind it waits for no start. */
  #sparesWanted = 1;
  /** Batches wait for each other here. */
  #queue: Promise<unknown> = Promise.resolve();
  #workersReplaced = 0;
  #statesLost = 0;

  private constructor(first: PythonThread, options: Required<PoolOptions>, disposal: AbortController) {
    this.version = first.version;
    this.#plain = { thread: first, release: new Set() };
    this.#options = options;
    this.#disposal = disposal;
    this.#startSpares();
  }

  /** Starts Python. Rejects with SandboxUnavailableError where that fails. */
  static async create(given: PoolOptions): Promise<PythonPool> {
    const options: Required<PoolOptions> = {
      onProgress: () => undefined,
      onDispose: () => undefined,
      heapLimitBytes: 256 * mebibyte,
      recycleHeapBytes: 128 * mebibyte,
      ...given,
    };
    const disposal = new AbortController();
    try {
      return new PythonPool(await start(options, disposal.signal, options.onProgress), options, disposal);
    } catch (error) {
      options.onDispose();
      throw error;
    }
  }

  /** Workers given up so far, because of a hanging cell, a broken interpreter or a grown heap. */
  get workersReplaced(): number {
    return this.#workersReplaced;
  }

  /** Trajectories so far of whose variables something could not be brought back. */
  get statesLost(): number {
    return this.#statesLost;
  }

  run(cells: readonly Cell[]): Promise<readonly ExecutionResult[]> {
    const result = this.#queue.then(() => this.#runBatch(cells));
    this.#queue = result.catch(() => undefined);
    return result;
  }

  release(trajectories: readonly number[]): void {
    this.#queue = this.#queue.then(() => {
      for (const trajectory of trajectories) {
        this.#histories.delete(trajectory);
        for (const { thread, release } of [this.#plain, this.#open]) {
          if (thread?.known.has(trajectory) === true) release.add(trajectory);
        }
      }
    });
  }

  dispose(): void {
    if (this.#disposal.signal.aborted) return;
    this.#disposal.abort();
    for (const post of [this.#plain, this.#open]) {
      post.thread?.terminate();
      post.thread = null;
    }
    for (const spare of this.#spares.splice(0)) {
      void spare.then(
        (thread) => thread.terminate(),
        () => undefined,
      );
    }
    this.#options.onDispose();
  }

  async #runBatch(cells: readonly Cell[]): Promise<readonly ExecutionResult[]> {
    const places = cells.map((cell, position) => this.#place(cell, position));
    const results = new Array<ExecutionResult>(cells.length);
    // A trajectory that stops being plain in this batch has its plain cells behind it by then.
    await this.#runOn(
      this.#plain,
      places.filter((place) => place.isPlain),
      results,
    );
    await this.#runOn(
      this.#open,
      places.filter((place) => !place.isPlain),
      results,
    );
    return results;
  }

  async #runOn(post: Post, places: readonly Place[], results: ExecutionResult[]): Promise<void> {
    let next = 0;
    /** A cell whose worker ended under it, which may have come from outside: it has a second try, in what is left of its time. */
    let again: { readonly cell: WireCell; readonly spentMs: number } | null = null;
    const onFinished = (cell: WireCell, outcome: FinishedCell) => {
      if (!this.#record(cell, outcome)) return;
      results[places[next++]!.position] = this.#marked(cell, outcome.result);
    };
    while (next < places.length) {
      const thread = await this.#thread(post);
      const batch = this.#withReplays(
        places.slice(next).map(({ cell }) => cell),
        thread,
      );
      const release = [...post.release];
      post.release.clear();
      const end = await thread.run(release, batch, {
        limitOf: (cell) =>
          this.#limitOf(cell) - (again !== null && isSame(cell, again.cell) ? again.spentMs : 0),
        onFinished,
      });
      if (this.#disposal.signal.aborted)
        throw new Error('The sandbox was disposed of while cells were running.');
      if (end.kind === 'done') {
        if (end.heapBytes > this.#options.recycleHeapBytes) this.#retire(post);
        continue;
      }
      if (end.kind === 'ended' && end.guilty !== null && !isSame(end.guilty, again?.cell)) {
        again = { cell: end.guilty, spentMs: end.milliseconds };
      } else if (end.guilty !== null) {
        onFinished(end.guilty, {
          result: this.#lossOf(end),
          stateful: false,
          lost: false,
          milliseconds: this.#limitOf(end.guilty),
        });
      }
      this.#sparesWanted = 2;
      this.#retire(post);
    }
  }

  #place(cell: Cell, position: number): Place {
    const history = this.#histories.get(cell.trajectory) ?? newHistory();
    this.#histories.set(cell.trajectory, history);
    history.isPlain &&= isPlain(cell.code);
    const { trajectory, code } = cell;
    // What it will have if the cells before it in this batch take no time; the watch here knows what they took.
    const rebuildMs = Math.round(history.hopedMs);
    history.hopedMs = this.#most(history.hopedMs + this.#earned);
    const wired = { trajectory, code, index: history.cells++, replay: false, rebuildMs };
    return { cell: wired, position, isPlain: history.isPlain };
  }

  /** The cells, each trajectory's first one preceded by its history where this worker does not hold its namespace. */
  #withReplays(cells: readonly WireCell[], thread: PythonThread): WireCell[] {
    return cells.flatMap((cell) => {
      if (thread.known.has(cell.trajectory)) return [cell];
      thread.known.add(cell.trajectory);
      const history = this.#histories.get(cell.trajectory);
      if (history === undefined) return [cell];
      const rebuildMs = Math.round(history.unspentMs);
      return [...history.replay.map((earlier) => ({ ...earlier, replay: true, rebuildMs })), cell];
    });
  }

  #limitOf(cell: WireCell): number {
    const history = this.#histories.get(cell.trajectory);
    const unspent = history?.unspentMs ?? 0;
    if (cell.replay) return unspent + graceMs;
    const { deadlineMs } = this.#options.settings;
    return deadlineMs + graceMs + (history?.isInDoubt === true ? unspent : 0);
  }

  /** What a cell adds to its trajectory's time, milliseconds. */
  get #earned(): number {
    return this.#options.settings.deadlineMs + rebuildBonusMs;
  }

  #most(milliseconds: number): number {
    return Math.max(0, Math.min(rebuildPatience * this.#options.settings.deadlineMs, milliseconds));
  }

  /** @returns whether this was a cell of the batch, and no replay */
  #record(cell: WireCell, { result, stateful, lost, milliseconds }: FinishedCell): boolean {
    const history = this.#histories.get(cell.trajectory);
    if (history === undefined) return !cell.replay;
    history.unspentMs = this.#most(history.unspentMs + (cell.replay ? 0 : this.#earned) - milliseconds);
    history.hopedMs = history.unspentMs;
    if (lost) this.#lose(history);
    if (cell.replay) {
      if (result.kind === 'ok') return false;
      // It was ok once. Trying it again in every new worker would only cost those workers.
      history.replay = history.replay.filter((earlier) => earlier.index !== cell.index);
      this.#lose(history);
      return false;
    }
    history.isInDoubt = result.kind !== 'ok' && history.replay.length > 0;
    if (result.kind === 'ok' && stateful) history.replay.push(cell);
    return true;
  }

  #lose(history: History): void {
    if (!history.isLost) this.#statesLost++;
    history.isLost = true;
    history.hasLossToTell = true;
  }

  /** The result, with the mark of a loss before it. */
  #marked(cell: WireCell, result: ExecutionResult): ExecutionResult {
    const history = this.#histories.get(cell.trajectory);
    if (history?.hasLossToTell !== true) return result;
    history.hasLossToTell = false;
    return { ...result, stateLost: true };
  }

  #lossOf(end: Exclude<BatchEnd, { kind: 'done' }>): ExecutionResult {
    switch (end.kind) {
      case 'hung':
        return { kind: 'timeout', deadlineMs: this.#options.settings.deadlineMs };
      case 'crashed':
      case 'ended':
        return { kind: 'error', message: `The Python interpreter broke: ${end.reason}`, output: '' };
    }
  }

  #retire(post: Post): void {
    post.thread?.terminate();
    post.thread = null;
    post.release.clear();
    this.#workersReplaced++;
  }

  /** The post's worker; where it has none a spare, and a new spare behind it. */
  async #thread(post: Post): Promise<PythonThread> {
    // One that ended between two batches, or that a cell made speak out of turn.
    if (post.thread?.isTerminated === true) this.#retire(post);
    let failure: unknown = new SandboxUnavailableError('the sandbox was disposed of');
    for (let attempt = 0; attempt < startAttempts && !this.#disposal.signal.aborted; attempt++) {
      if (post.thread !== null) return post.thread;
      try {
        const next = await (this.#spares.shift() ?? start(this.#options, this.#disposal.signal));
        if (this.#disposal.signal.aborted) next.terminate();
        else if (!next.isTerminated) post.thread = next;
      } catch (error) {
        failure = error;
      }
      if (post.thread !== null) this.#startSpares();
    }
    if (post.thread !== null) return post.thread;
    throw failure;
  }

  #startSpares(): void {
    while (this.#spares.length < this.#sparesWanted) {
      const spare = start(this.#options, this.#disposal.signal);
      // A spare that cannot start is reported when it is needed, by the attempt after it.
      spare.catch(() => undefined);
      this.#spares.push(spare);
    }
  }
}

const isSame = (one: WireCell, other: WireCell | undefined): boolean =>
  one.trajectory === other?.trajectory && one.index === other.index && one.replay === other.replay;

function newHistory(): History {
  return {
    ...{ cells: 0, replay: [], isPlain: true, unspentMs: 0, hopedMs: 0 },
    ...{ isInDoubt: false, isLost: false, hasLossToTell: false },
  };
}

function start(
  options: Required<PoolOptions>,
  signal: AbortSignal,
  onProgress: (progress: BootProgress) => void = () => undefined,
): Promise<PythonThread> {
  const { settings, heapLimitBytes } = options;
  return PythonThread.start(options.spawn(), { settings, heapLimitBytes }, onProgress, signal);
}
