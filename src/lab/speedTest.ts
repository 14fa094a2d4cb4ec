/**
 * The speed test as the page knows it: start, stop, and what it has found, in one state that a component can subscribe to.
 *
 * Invariants (speedTest.test.ts). (1) Never beside a run: it does not start while there is one, and one that starts stops it. (2) Stopping is ending its
 * worker; what was reported until then stays and says that it is not complete. (3) A message from a worker that has been
 * ended reaches nobody.
 */
import type {
  BenchPreset,
  BenchReport,
  FromSpeedTest,
  ToSpeedTest,
  WorkKind,
} from '../worker/speedTestProtocol.ts';
import type { LabState, LabStore } from './state.ts';
import type { WorkerPort } from './workerPort.ts';

export type {
  BenchPreset,
  BenchReport,
  TimedCell,
  EngineCell,
  Peak,
  Quantiles,
  Target,
  WorkKind,
} from '../worker/speedTestProtocol.ts';

/** The policies that the page offers to time. */
export const speedTestChoices = ['micro', 'mini', 'nano', 'small'] as const satisfies readonly BenchPreset[];

export type SpeedTestPort = WorkerPort<ToSpeedTest, FromSpeedTest>;

export interface SpeedTestEnvironment {
  createWorker(): SpeedTestPort;
  date(): string; // ISO
  readonly host: string;
  readonly versions: Readonly<Record<string, string>>;
}

export interface SpeedTestState {
  readonly status: 'idle' | 'running' | 'done' | 'stopped' | 'failed';
  readonly doing: string;
  readonly share: number; // 0 to 1
  readonly report: BenchReport | null;
  /** The report as text, for copying. */
  readonly markdown: string | null;
  /** Why it stopped or failed, where that is not the person's own doing. */
  readonly message: string | null;
}

const idle: SpeedTestState = {
  status: 'idle',
  doing: '',
  share: 0,
  report: null,
  markdown: null,
  message: null,
};

/** Time for the samples of one cell, seconds: a preset is three cells. */
const secondsPerCell = 5;
const works: readonly WorkKind[] = ['sft', 'grpo', 'rollout'];

/** Whether a run needs the adapter, now or as soon as it is resumed. */
export function runIsUnderWay({ runs }: Pick<LabState, 'runs'>): boolean {
  return runs.some(({ status }) => status === 'starting' || status === 'running' || status === 'paused');
}

export class SpeedTestRunner {
  readonly #environment: SpeedTestEnvironment;
  readonly #listeners = new Set<() => void>();
  #state: SpeedTestState = idle;
  #port: SpeedTestPort | null = null;
  #unwatch: (() => void) | null = null;

  constructor(environment: SpeedTestEnvironment) {
    this.#environment = environment;
  }

  readonly getState = (): SpeedTestState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Does nothing while a run of `lab` is under way, or while a speed test is. */
  start(presets: readonly BenchPreset[], lab: LabStore): void {
    if (this.#port !== null || presets.length === 0 || runIsUnderWay(lab.getState())) return;
    this.#set({ ...idle, status: 'running', doing: 'starting' });
    this.#unwatch = lab.subscribe((state) => {
      if (runIsUnderWay(state)) {
        this.#end(
          'stopped',
          'A run has started, so the speed test was stopped: each would slow the other down.',
        );
      }
    });
    const { host, versions } = this.#environment;
    const date = this.#environment.date();
    try {
      const port = this.#environment.createWorker();
      this.#port = port;
      port.onMessage((message) => {
        if (port === this.#port) this.#receive(message);
      });
      port.onError((message) => {
        if (port === this.#port) this.#end('failed', `The speed test stopped early: ${message}`);
      });
      port.post({ type: 'start', presets, works, secondsPerCell, date, host, versions });
    } catch (error) {
      this.#end('failed', error instanceof Error ? error.message : String(error));
    }
  }

  stop(): void {
    if (this.#port !== null) this.#end('stopped', null);
  }

  #receive(message: FromSpeedTest): void {
    switch (message.type) {
      case 'progress':
        this.#set({ ...this.#state, doing: message.doing, share: message.share });
        return;
      case 'report':
        this.#set({ ...this.#state, report: message.report, markdown: message.markdown });
        return;
      case 'done':
        this.#end('done', null);
        return;
      case 'failed':
        this.#end('failed', message.message);
        return;
    }
  }

  #end(status: 'done' | 'stopped' | 'failed', message: string | null): void {
    this.#port?.terminate();
    this.#port = null;
    this.#unwatch?.();
    this.#unwatch = null;
    this.#set({ ...this.#state, status, message, doing: '' });
  }

  #set(state: SpeedTestState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
