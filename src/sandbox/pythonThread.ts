/**
 * One Python worker as the pool sees it: start it, run a batch on it, notice when it does not come back.
 *
 * Invariants. (1) `run` always settles: with every cell finished, or with the worker terminated and the cell that was to blame.
 * (2) A cell has an absolute limit, its deadline and `graceMs`, and no message but its own end starts the next one's: whatever a worker
 * says, a batch takes no longer than its cells are allowed together. (3) A worker that says anything but what it was asked for is ended.
 *
 * The limit is counted in short ticks, each for at most twice its length, so a tab that was suspended, or a caller that kept its own
 * thread busy while results waited in its queue, is not mistaken for a hanging cell.
 */
import { readFromWorker } from './protocol.ts';
import type { BootOptions, BootProgress, WireCell, WorkerLike } from './protocol.ts';
import { SandboxUnavailableError } from './sandbox.ts';
import type { ExecutionResult, SandboxSettings } from './sandbox.ts';

export interface FinishedCell {
  readonly result: ExecutionResult;
  readonly stateful: boolean;
  /** Something that earlier cells left could not be brought back. */
  readonly lost: boolean;
  /** What it took with the rebuild before it, as seen from here, milliseconds. */
  readonly milliseconds: number;
}

export type BatchEnd =
  | { readonly kind: 'done'; readonly heapBytes: number }
  /** `guilty` did not come back, and the worker has been terminated; null where it was forgetting trajectories, or had finished. */
  | { readonly kind: 'hung'; readonly guilty: WireCell | null }
  | { readonly kind: 'crashed'; readonly guilty: WireCell | null; readonly reason: string }
  /** Its process ended, perhaps from outside: `cell` was running, for so many milliseconds. */
  | {
      readonly kind: 'ended';
      readonly guilty: WireCell | null;
      readonly reason: string;
      readonly milliseconds: number;
    };

/** After its deadline a cell may stay silent for so long before its worker is terminated, milliseconds; with the last tick it is 225. */
export const graceMs = 200;
const tickMs = 25;
const bootSilenceMs = 60_000;
/** Messages that a start may take; a download reports its progress. */
const bootMessages = 100_000;

/** What a batch is held to. */
export interface BatchRules {
  /** How long this cell may take, with what is rebuilt before it, until its worker is given up, milliseconds; asked as it begins. */
  readonly limitOf: (cell: WireCell) => number;
  readonly onFinished: (cell: WireCell, outcome: FinishedCell) => void;
}

export class PythonThread {
  readonly version: string;
  /** Trajectories whose namespaces this worker holds. */
  readonly known = new Set<number>();
  readonly #worker: WorkerLike;
  readonly #maxOutputLength: number;
  /** For what is no cell, milliseconds. */
  readonly #housekeepingMs: number;
  #terminated = false;
  #abandon: ((reason: string, hasEnded: boolean) => void) | null = null;

  private constructor(worker: WorkerLike, version: string, { maxOutputLength, deadlineMs }: SandboxSettings) {
    this.#worker = worker;
    this.version = version;
    this.#maxOutputLength = maxOutputLength;
    this.#housekeepingMs = deadlineMs + graceMs;
    worker.onFailure = (reason) => this.#end(reason, true);
    worker.onMessage = () => this.#end('it spoke without being asked');
  }

  /** Boots a worker. Rejects with SandboxUnavailableError; terminates the worker when it does, or when aborted. */
  static start(
    worker: WorkerLike,
    options: BootOptions,
    onProgress: (progress: BootProgress) => void,
    signal: AbortSignal,
  ): Promise<PythonThread> {
    return new Promise((resolve, reject) => {
      let silence: ReturnType<typeof setTimeout>;
      let heard = 0;
      const abort = () => fail('the sandbox was disposed of');
      const fail = (reason: string) => {
        clearTimeout(silence);
        signal.removeEventListener('abort', abort);
        worker.terminate();
        reject(new SandboxUnavailableError(reason));
      };
      const hear = () => {
        clearTimeout(silence);
        silence = setTimeout(
          () => fail('the Python worker stopped answering while it started'),
          bootSilenceMs,
        );
      };
      signal.addEventListener('abort', abort);
      worker.onFailure = fail;
      worker.onMessage = (value) => {
        const message = readFromWorker(value);
        hear();
        if (message?.type === 'progress' && ++heard < bootMessages) onProgress(message.progress);
        else if (message?.type === 'ready') {
          clearTimeout(silence);
          signal.removeEventListener('abort', abort);
          resolve(new PythonThread(worker, message.version, options.settings));
        } else fail(message?.type === 'unavailable' ? message.reason : 'the Python worker makes no sense');
      };
      hear();
      worker.post({ type: 'boot', ...options });
    });
  }

  get isTerminated(): boolean {
    return this.#terminated;
  }

  /** Forgets trajectories, then runs a batch. One at a time. */
  run(
    release: readonly number[],
    cells: readonly WireCell[],
    { limitOf, onFinished }: BatchRules,
  ): Promise<BatchEnd> {
    return new Promise((resolve) => {
      let releasing = release.length > 0;
      let position = 0;
      const limitMs = () => {
        const cell = cells[position];
        return releasing || cell === undefined ? this.#housekeepingMs : limitOf(cell);
      };
      let limit = limitMs();
      let began = performance.now(); // the present cell
      let counted = 0; // milliseconds of it
      let last = began;
      const next = () => {
        last = performance.now();
        const milliseconds = last - began;
        began = last;
        counted = 0;
        return milliseconds;
      };
      const clock = setInterval(() => {
        const now = performance.now();
        counted += Math.min(now - last, 2 * tickMs);
        last = now;
        if (counted >= limit) lose(null);
      }, tickMs);
      const settle = (end: BatchEnd) => {
        clearInterval(clock);
        this.#abandon = null;
        if (end.kind !== 'done') this.terminate();
        else this.#worker.onMessage = () => this.#end('it spoke without being asked');
        resolve(end);
      };
      const lose = (reason: string | null, hasEnded = false) => {
        const guilty = releasing ? null : (cells[position] ?? null);
        if (reason === null) settle({ kind: 'hung', guilty });
        else if (hasEnded) settle({ kind: 'ended', guilty, reason, milliseconds: counted });
        else settle({ kind: 'crashed', guilty, reason });
      };
      this.#abandon = lose;
      this.#worker.onMessage = (value) => {
        const message = readFromWorker(value);
        const cell = cells[position];
        if (message?.type === 'released' && releasing) {
          releasing = false;
          next();
        } else if (
          message?.type === 'finished' &&
          !releasing &&
          cell !== undefined &&
          this.#fits(message.result)
        ) {
          const { result, stateful, lost } = message;
          position++;
          onFinished(cell, { result, stateful, lost, milliseconds: next() });
        } else if (message?.type === 'done' && !releasing && cell === undefined) {
          return settle({ kind: 'done', heapBytes: message.heapBytes });
        } else {
          return lose(message?.type === 'crashed' ? message.reason : 'it made no sense');
        }
        limit = limitMs();
      };
      for (const trajectory of release) this.known.delete(trajectory);
      if (this.#terminated) settle({ kind: 'crashed', guilty: null, reason: 'the worker was terminated' });
      else this.#worker.post({ type: 'run', release, cells });
    });
  }

  terminate(): void {
    if (this.#terminated) return;
    this.#terminated = true;
    this.#worker.onMessage = () => undefined;
    this.#worker.terminate();
    this.#abandon?.('the worker was terminated', false);
  }

  /** Whatever it is doing, this worker is of no more use. */
  #end(reason: string, hasEnded = false): void {
    if (this.#abandon === null) this.terminate();
    else this.#abandon(reason, hasEnded);
  }

  #fits(result: ExecutionResult): boolean {
    switch (result.kind) {
      case 'ok':
        return result.output.length <= this.#maxOutputLength;
      case 'error':
        return result.output.length <= this.#maxOutputLength + 1;
      case 'timeout':
      case 'memory':
      case 'format':
        return true;
    }
  }
}
