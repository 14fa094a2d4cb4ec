/**
 * The lab's store: the form, the run, and the trainer worker behind them.
 *
 * Invariants. (1) The state is immutable and changes by whole snapshots: what the worker says is gathered and published at
 * most four times a second; what a person does is published at once. (2) A wrong value, file or address never reaches the
 * state; it becomes a sentence. (3) Every failure ends in a state from which Train and Reset work. (4) No React, no Worker,
 * no DOM here: see `environment.ts`.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { RunEvent } from '../train/events.ts';
import type { RunSettings } from '../train/settings.ts';
import { validateSettings } from '../train/validate.ts';
import type { FromTrainer, RunStatus } from '../worker/protocol.ts';
import { Stopwatch, Throttle } from './clock.ts';
import type { LabEnvironment } from './environment.ts';
import { failureView } from './failures.ts';
import { phaseViews, runSecondsLeft } from './phases.ts';
import { defaultPreset, findPreset } from './presets.ts';
import { emptyRun, reduceRun, type RunView } from './reduce.ts';
import { readRunFile, writeRunFile, type RecordedRun } from './runFile.ts';
import { checkSetting, withSetting } from './schema.ts';
import { RunSeries } from './series.ts';
import type { FailureView, LabActions, LabState, LabStore } from './state.ts';
import { TrainerLink } from './trainerLink.ts';
import { parseUrl, writeUrl } from './urlState.ts';

/** Shortest time between two snapshots that the worker causes, milliseconds. */
export const publishInterval = 250;
/** How often elapsed time is published while nothing else happens, milliseconds. */
const tickInterval = 1000;
/** The address follows the form after this rest; browsers limit how often it may change. */
const addressInterval = 500;
/** Patience with a checkpoint, milliseconds. */
const checkpointPatience = 60_000;
/** Largest run file that is read. A run of the lab is a hundredth of it. */
const maxFileBytes = 256 * 2 ** 20;

/** A run being shown, with what the state alone does not hold. */
interface Session {
  readonly settings: RunSettings;
  readonly presetName: string;
  readonly live: boolean;
  /** What was in the file, for one that was opened. */
  readonly recorded: RecordedRun | null;
  readonly series: RunSeries;
  view: RunView;
}

export function createLabStore(environment: LabEnvironment): LabStore {
  const lab = new Lab(environment);
  return {
    getState: () => lab.store.getState(),
    subscribe: (listener) => lab.store.subscribe(listener),
    actions: lab.actions,
  };
}

class Lab {
  readonly #environment: LabEnvironment;
  readonly store: StoreApi<LabState>;
  readonly actions: LabActions;
  readonly #link: TrainerLink;
  readonly #publisher: Throttle;
  readonly #addressWriter: Throttle;
  #session: Session | null = null;
  #watch: Stopwatch;
  #cancelTick: (() => void) | null = null;
  /** Changes that the next snapshot brings. */
  #pending: Partial<LabState> = {};
  /** Values a person typed that were kept out, by path. */
  readonly #refused = new Map<string, string>();
  #silence: FailureView | null = null;
  #checkpoints: ((message: Extract<FromTrainer, { type: 'checkpoint' }> | null) => void)[] = [];
  #saidHidden = false;

  constructor(environment: LabEnvironment) {
    this.#environment = environment;
    this.#watch = new Stopwatch(environment);
    const { settings, presetName, notices } = parseUrl(environment.address.read());
    this.store = createStore<LabState>(() => ({
      ...this.#idle(settings),
      settings,
      presetName,
      notices,
      settingProblems: validateSettings(settings),
    }));
    this.#publisher = new Throttle(environment, publishInterval, () => this.#publish());
    this.#addressWriter = new Throttle(environment, addressInterval, () => {
      environment.address.replace(writeUrl(this.store.getState()));
    });
    this.#link = new TrainerLink(environment, {
      onMessage: (message) => this.#receive(message),
      onCrash: (message) => this.#crashed(message),
      onSilence: (message) => this.#silent(message),
    });
    environment.onHidden(() => this.#hidden());
    this.actions = this.#createActions();
    if (notices.length > 0) this.#addressWriter.request();
    this.#link.probe(settings.run.backend);
  }

  #createActions(): LabActions {
    return {
      train: () => this.#train(),
      pause: () => this.#command('pause', ['starting', 'running']),
      resume: () => this.#command('resume', ['paused']),
      step: () => {
        if (this.#session === null && this.store.getState().status !== 'starting') this.#train();
        this.#command('step', ['starting', 'running', 'paused']);
      },
      reset: () => this.#reset(),
      applyPreset: (name) => {
        const preset = findPreset(name);
        if (preset === undefined) return;
        this.#refused.clear();
        this.#setForm(preset.settings, preset.name);
      },
      setSetting: (path, value) => this.#setSetting(path, value),
      adoptRunSettings: () => {
        if (this.#session === null) return;
        this.#refused.clear();
        this.#setForm(this.#session.settings, this.#session.presetName);
      },
      dismissNotice: (index) =>
        this.#now({ notices: this.store.getState().notices.filter((_, i) => i !== index) }),
      dismissFailure: () => this.#now({ failure: null }),
      exportRun: () => this.#exportRun(),
      exportCheckpoint: () => this.#exportCheckpoint(),
      openRun: (file, name) => this.#openRun(file, name),
    };
  }

  // -- the form

  #setSetting(path: string, value: unknown): void {
    const checked = checkSetting(path, value);
    const { settings, presetName } = this.store.getState();
    if (checked.ok) this.#refused.delete(path);
    else this.#refused.set(path, checked.message);
    this.#setForm(checked.ok ? withSetting(settings, path, checked.value) : settings, presetName);
  }

  #setForm(settings: RunSettings, presetName: string): void {
    const before = this.store.getState();
    const refused = [...this.#refused].map(([path, message]) => ({ path, message }));
    const idle = this.#session === null;
    this.#now({
      settings,
      presetName,
      settingProblems: [...refused, ...validateSettings(settings)],
      ...(idle
        ? { phases: phaseViews(emptyRun(settings).phases, 0), collapse: emptyRun(settings).collapse }
        : {}),
    });
    this.#addressWriter.request();
    if (idle && settings.run.backend !== before.settings.run.backend) {
      this.#now({ engine: null, failure: null });
      this.#link.probe(settings.run.backend);
    }
  }

  // -- the run

  #train(): void {
    const { settings, presetName, settingProblems } = this.store.getState();
    if (settingProblems.length > 0) return;
    const idle = this.#leave();
    this.#session = {
      settings,
      presetName,
      live: true,
      recorded: null,
      series: new RunSeries(undefined, this.store.getState().series.version + 1),
      view: emptyRun(settings),
    };
    this.#saidHidden = false;
    this.#now({
      ...idle,
      status: 'starting',
      source: { kind: 'live' },
      runSettings: settings,
      runPresetName: presetName,
      boot: { message: 'Starting the trainer', share: null },
    });
    this.#environment.keepAwake(true);
    this.#link.start(settings);
  }

  #command(type: 'pause' | 'resume' | 'step', allowed: readonly LabState['status'][]): void {
    if (this.#session?.live !== true || !allowed.includes(this.store.getState().status)) return;
    this.#now({ requested: type });
    this.#link.command(type);
  }

  #reset(): void {
    const idle = this.#leave();
    this.#link.replace();
    this.#now({ ...idle, engine: null });
    this.#link.probe(this.store.getState().settings.run.backend);
  }

  /** Forget the run shown, and its worker if it had one. @returns the state as it is without a run, form and notices aside */
  #leave(): Partial<LabState> {
    if (this.#session?.live === true) this.#link.replace();
    this.#settleCheckpoints(null);
    this.#session = null;
    this.#watch = new Stopwatch(this.#environment);
    this.#pending = {};
    this.#silence = null;
    this.#environment.keepAwake(false);
    const { settings, engine, source, series } = this.store.getState();
    return { ...this.#idle(settings, series.version + 1), engine: source.kind === 'live' ? engine : null };
  }

  /** Everything but the form, as it is when there is no run. */
  #idle(
    settings: RunSettings,
    version = 0,
  ): Omit<LabState, 'settings' | 'presetName' | 'notices' | 'settingProblems'> {
    const { phases, ...view } = emptyRun(settings);
    return {
      ...view,
      phases: phaseViews(phases, 0),
      status: 'idle',
      requested: null,
      source: { kind: 'live' },
      runSettings: null,
      runPresetName: null,
      engine: null,
      sandbox: null,
      parameters: null,
      boot: null,
      failure: null,
      secondsLeft: null,
      elapsedSeconds: 0,
      tokensPerSecond: 0,
      series: new RunSeries(undefined, version).view(),
    };
  }

  // -- what the worker says

  #receive(message: FromTrainer): void {
    if (this.#silence !== null && this.store.getState().failure === this.#silence)
      this.#later({ failure: null });
    this.#silence = null;
    switch (message.type) {
      case 'probed':
        if (this.#session === null && this.#link.answersAreCurrent) this.#later({ engine: message.engine });
        return;
      case 'boot':
        this.#later({ boot: { message: message.message, share: message.share ?? null } });
        return;
      case 'started':
        this.#later({
          engine: message.engine,
          sandbox: message.sandbox,
          parameters: message.parameters,
          boot: null,
        });
        return;
      case 'status':
        if (this.#session !== null) this.#setStatus(message.status);
        return;
      case 'events':
        this.#takeIn(message.events, message.tokensPerSecond);
        return;
      case 'checkpoint':
        this.#settleCheckpoints(message);
        return;
      case 'failed':
        this.#failed(failureView(message.source, message.message));
        return;
    }
  }

  #takeIn(events: readonly RunEvent[], tokensPerSecond: number): void {
    const session = this.#session;
    if (session === null) return;
    const at = this.#watch.seconds;
    for (const event of events) {
      session.view = reduceRun(session.view, event, session.settings, at);
      session.series.add(event);
    }
    this.#later({ tokensPerSecond, boot: null }); // whatever was being prepared is ready
  }

  #setStatus(status: RunStatus): void {
    const going = status === 'running' || status === 'starting';
    if (status === 'running') this.#watch.start();
    else this.#watch.stop();
    this.#environment.keepAwake(going);
    const { requested } = { ...this.store.getState(), ...this.#pending };
    const kept = status === 'running' ? requested === 'step' || requested === 'pause' : status === 'starting';
    this.#later({
      status,
      requested: kept ? requested : null,
      ...(status === 'starting' ? {} : { boot: null }),
      ...(going ? {} : { tokensPerSecond: 0 }),
    });
  }

  #crashed(message: string): void {
    this.#failed(failureView('trainer', `The trainer stopped working: ${message}`));
  }

  #silent(message: string): void {
    this.#silence = failureView('engine', message);
    this.#later({ failure: this.#silence });
  }

  #failed(failure: FailureView): void {
    this.#settleCheckpoints(null);
    if (this.#session?.live === true) this.#setStatus('failed');
    this.#later({ failure, boot: null });
  }

  #hidden(): void {
    if (this.#saidHidden || this.store.getState().status !== 'running') return;
    this.#saidHidden = true;
    this.#later({
      notices: [
        ...this.store.getState().notices,
        'The page was in the background while it trained; browsers may slow it down there, so times and rates are not to be trusted.',
      ],
    });
  }

  // -- snapshots

  /** Change the state at once: a person did something. */
  #now(change: Partial<LabState>): void {
    this.#later(change);
    this.#publisher.run();
  }

  /** Change the state with the next snapshot. */
  #later(change: Partial<LabState>): void {
    this.#pending = { ...this.#pending, ...change };
    this.#publisher.request();
  }

  #publish(): void {
    const change = { ...this.#pending, ...this.#runState() };
    this.#pending = {};
    this.store.setState(change);
    this.#cancelTick?.();
    const going = this.store.getState().status === 'running';
    this.#cancelTick = going ? this.#environment.after(tickInterval, () => this.#publisher.request()) : null;
  }

  /** The part of the state that is computed from the session. */
  #runState(): Partial<LabState> {
    const session = this.#session;
    if (session === null) return {};
    const { phases, ...view } = session.view;
    const now = this.#watch.seconds;
    return {
      ...view,
      phases: phaseViews(phases, now),
      series: session.series.view(),
      ...(session.live
        ? { secondsLeft: runSecondsLeft(phases, session.settings, now), elapsedSeconds: now }
        : {}),
    };
  }

  // -- files

  #exportRun(): ReturnType<LabActions['exportRun']> {
    const session = this.#session;
    if (session === null) return null;
    const { engine, sandbox, parameters, elapsedSeconds, tokensPerSecond } = this.store.getState();
    const text = writeRunFile({
      recordedAt: session.recorded?.recordedAt ?? this.#environment.date(),
      origin: session.recorded?.origin ?? this.#environment.origin,
      settings: session.settings,
      presetName: session.presetName,
      engine,
      sandbox,
      parameters,
      elapsedSeconds,
      tokensPerSecond,
      view: session.view,
      series: session.series.record(),
    });
    return {
      name: `${fileStem(session)}.json`,
      blob: new Blob([text], { type: 'application/json' }),
    };
  }

  async #exportCheckpoint(): ReturnType<LabActions['exportCheckpoint']> {
    const session = this.#session;
    const { status } = this.store.getState();
    if (session?.live !== true || !this.#link.alive || status === 'starting' || status === 'failed')
      return null;
    const message = await new Promise<Extract<FromTrainer, { type: 'checkpoint' }> | null>((resolve) => {
      this.#checkpoints.push(resolve);
      this.#environment.after(checkpointPatience, () => resolve(null));
      this.#link.command('checkpoint');
    });
    if (message === null) return null;
    return {
      name: `${fileStem(session)}-${message.phase}.safetensors`,
      blob: new Blob([new Uint8Array(message.bytes)], { type: 'application/octet-stream' }),
    };
  }

  #settleCheckpoints(message: Extract<FromTrainer, { type: 'checkpoint' }> | null): void {
    for (const resolve of this.#checkpoints) resolve(message);
    this.#checkpoints = [];
  }

  async #openRun(file: Blob, name: string): Promise<void> {
    const read = file.size > maxFileBytes ? tooLarge : readRunFile(await file.text().catch(() => ''));
    if (!read.ok) {
      this.#now({ notices: [...this.store.getState().notices, `“${name}” was not opened: ${read.message}`] });
      return;
    }
    const { run } = read;
    const idle = this.#leave();
    this.#session = {
      settings: run.settings,
      presetName: run.presetName,
      live: false,
      recorded: run,
      series: new RunSeries(run.series, this.store.getState().series.version + 1),
      view: run.view,
    };
    this.#now({
      ...idle,
      status: 'done',
      source: { kind: 'file', name, recordedAt: run.recordedAt },
      runSettings: run.settings,
      runPresetName: run.presetName,
      engine: run.engine,
      sandbox: run.sandbox,
      parameters: run.parameters,
      elapsedSeconds: run.elapsedSeconds,
      tokensPerSecond: run.tokensPerSecond,
      notices: [...this.store.getState().notices, ...read.notices],
    });
  }
}

const tooLarge = { ok: false, message: 'it is far larger than a run of this lab.' } as const;

/** What a run's files are called: `aster-lab-mini-sparse-seed7`. */
function fileStem({ presetName, settings }: Pick<Session, 'presetName' | 'settings'>): string {
  const preset = findPreset(presetName)?.name ?? defaultPreset;
  return `aster-lab-${preset}-seed${settings.run.seed}`;
}
