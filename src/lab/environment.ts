/**
 * What the store needs from the world, handed in: trainer workers, the address bar, a clock, timers. The rest of `src/lab` touches
 * none of them itself, so that a test drives it with fakes; `browser.ts` binds it to a real page.
 */
import type { FromTrainer, ToTrainer } from '../worker/protocol.ts';
import type { Sandbox, SandboxSettings } from '../sandbox/sandbox.ts';
import type { Origin } from '../record/recordedRun.ts';
import type { LabFile } from './labFile.ts';
import type { RunLibrary } from './library/runLibrary.ts';
import type { WorkerPort } from './workerPort.ts';

/** Which tab of the browser works on a run, one at a time; and whether a worker is still there. */
export interface RunLocks {
  /** Take a run for this tab, until it is released or the tab ends; null where another tab has it. */
  hold(id: string): Promise<(() => void) | null>;
  /** Settles when a worker that holds this lock has ended. */
  released(lock: string): Promise<void>;
  /** The runs that any tab has. */
  held(): Promise<ReadonlySet<string>>;
}

/** One trainer worker. */
export type TrainerPort = WorkerPort<ToTrainer, FromTrainer>;

export interface LabEnvironment {
  createTrainer(): TrainerPort;
  /** A Python of the page’s own, for what is made without a trainer. Rejects with a sentence where it cannot be started. */
  createSandbox(settings: SandboxSettings): Promise<Sandbox>;
  /** Where the page lives; the trainer finds Pyodide and wasm files beside it. */
  readonly baseUrl: string;
  readonly address: {
    /** The query of the page's address. */
    read(): string;
    /** Replace it, without its question mark, leaving no entry in the history. */
    replace(query: string): void;
  };
  /** Milliseconds that only grow. */
  now(): number;
  /** Run `action` after `milliseconds`; the result cancels it. */
  after(milliseconds: number, action: () => void): () => void;
  /** A file beside the page. Rejects where there is none. @param path relative to the page */
  download(path: string): Promise<Blob>;
  /** What a person's file is, read without holding the page up. Never rejects. */
  readFile(file: Blob): Promise<LabFile>;
  /** A name for a run that no other has. */
  id(): string;
  /** Where runs are kept. Rejects where the browser keeps nothing. */
  openLibrary(): Promise<RunLibrary>;
  readonly locks: RunLocks;
  /** What this site takes in the browser and may take, bytes; null where the browser does not say. */
  storage(): Promise<{ readonly used: number; readonly room: number } | null>;
  /** The wall clock as an ISO string, for exported files. */
  date(): string;
  readonly origin: Origin;
  /** Keep the screen on while a run goes on, where the browser can. */
  keepAwake(on: boolean): void;
  /** Called whenever the page is hidden. */
  onHidden(listener: () => void): void;
}
