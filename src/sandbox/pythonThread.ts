/**
 * One Python worker as the pool sees it: start it, run a batch on it, notice when it does not come back.
 *
 * Invariant: `run` always settles: with every cell finished, or with the worker terminated and the number of cells
 * that did finish. The watchdog counts silent ticks, not time, so a tab that was suspended, or a caller that kept its
 * own thread busy while results waited in its queue, is not mistaken for a hanging cell.
 */
import { replayPatience } from './interpreter.ts';
import type { BootOptions, BootProgress, FromWorker, WireCell, WorkerLike } from './protocol.ts';
import { SandboxUnavailableError } from './sandbox.ts';
import type { ExecutionResult } from './sandbox.ts';

export interface FinishedCell {
  readonly result: ExecutionResult;
  readonly stateful: boolean;
}

export interface BatchOutcome {
  readonly finished: readonly FinishedCell[];
  readonly end:
    | { readonly kind: 'done'; readonly heapBytes: number }
    /** The cell after the last finished one did not come back; the worker has been terminated. */
    | { readonly kind: 'hung' }
    | { readonly kind: 'crashed'; readonly reason: string };
}

const ticksPerWatch = 8;
const bootSilenceMs = 60_000;

export class PythonThread {
  readonly version: string;
  /** Trajectories whose namespaces this worker holds. */
  readonly known = new Set<number>();
  readonly #worker: WorkerLike;
  readonly #deadlineMs: number;
  readonly #graceMs: number;
  #terminated = false;
  #abandon: ((outcome: BatchOutcome['end']) => void) | null = null;

  private constructor(worker: WorkerLike, version: string, deadlineMs: number, graceMs: number) {
    this.#worker = worker;
    this.version = version;
    this.#deadlineMs = deadlineMs;
    this.#graceMs = graceMs;
    worker.onFailure = (reason) => this.#abandon?.({ kind: 'crashed', reason });
  }

  /** Boots a worker. Rejects with SandboxUnavailableError; terminates the worker when it does, or when aborted. */
  static start(
    worker: WorkerLike,
    options: BootOptions,
    graceMs: number,
    onProgress: (progress: BootProgress) => void,
    signal: AbortSignal,
  ): Promise<PythonThread> {
    return new Promise((resolve, reject) => {
      let silence: ReturnType<typeof setTimeout>;
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
      worker.onMessage = (message) => {
        hear();
        if (message.type === 'progress') onProgress(message.progress);
        else if (message.type === 'unavailable') fail(message.reason);
        else if (message.type === 'ready') {
          clearTimeout(silence);
          signal.removeEventListener('abort', abort);
          resolve(new PythonThread(worker, message.version, options.settings.deadlineMs, graceMs));
        }
      };
      hear();
      worker.post({ type: 'boot', ...options });
    });
  }

  /** Runs a batch. One at a time. */
  run(cells: readonly WireCell[]): Promise<BatchOutcome> {
    return new Promise((resolve) => {
      const finished: FinishedCell[] = [];
      let silentTicks = 0;
      let rebuilding = false;
      const watch = () => {
        const patient = rebuilding || cells[finished.length]?.replay === true;
        const allowed = this.#deadlineMs * (patient ? 1 + replayPatience : 1) + this.#graceMs;
        return setTimeout(() => {
          if (++silentTicks > ticksPerWatch) settle({ kind: 'hung' });
          else timer = watch();
        }, allowed / ticksPerWatch);
      };
      let timer = watch();
      const settle = (end: BatchOutcome['end']) => {
        clearTimeout(timer);
        this.#abandon = null;
        if (end.kind !== 'done') this.terminate();
        resolve({ finished, end });
      };
      this.#abandon = settle;
      this.#worker.onMessage = (message: FromWorker) => {
        silentTicks = 0;
        switch (message.type) {
          case 'finished':
            rebuilding = false;
            finished.push(message);
            return;
          case 'rebuilding':
            rebuilding = true;
            return;
          case 'done':
            return settle({ kind: 'done', heapBytes: message.heapBytes });
          case 'crashed':
            return settle({ kind: 'crashed', reason: message.reason });
          case 'progress':
          case 'ready':
          case 'unavailable':
            return;
        }
      };
      if (this.#terminated) settle({ kind: 'crashed', reason: 'the worker was terminated' });
      else this.#worker.post({ type: 'run', cells });
    });
  }

  release(trajectories: readonly number[]): void {
    const held = trajectories.filter((trajectory) => this.known.delete(trajectory));
    if (held.length > 0) this.#worker.post({ type: 'release', trajectories: held });
  }

  terminate(): void {
    if (this.#terminated) return;
    this.#terminated = true;
    this.#worker.onMessage = () => undefined;
    this.#worker.terminate();
    this.#abandon?.({ kind: 'crashed', reason: 'the worker was terminated' });
  }
}
