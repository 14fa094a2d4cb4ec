/**
 * A recorded run that is shown, and the clock that plays it.
 *
 * Invariants (replay.test.ts). (1) What is shown is always a cut of the file (record/replayFrame.ts) or the file itself. (2) A replay
 * takes the same time however long the run was. (3) It stops by itself at the end, and when the run is closed.
 */
import { phaseViews } from '../record/phases.ts';
import type { RecordedRun } from '../record/recordedRun.ts';
import { cutRun, lastFrame } from '../record/replayFrame.ts';
import { RunSeries } from '../record/runSeries.ts';
import type { LabEnvironment } from './environment.ts';
import { idleRun } from './idleRun.ts';
import type { BareRunState, ReplayView, RunSource } from './state.ts';

/** Of a whole replay, seconds. */
export const replaySeconds = 20;
/** Shortest time between two frames, milliseconds: what the page redraws without being felt. A longer run skips frames. */
const shortestFrame = 150;

export type RecordedSource = Exclude<RunSource['kind'], 'live'>;

export interface ReplayOptions {
  readonly id: string;
  readonly run: RecordedRun;
  readonly kind: RecordedSource;
  /** Of the file, or the recording's title. */
  readonly name: string;
}

export class Replay {
  readonly kind = 'recorded';
  readonly id: string;
  readonly run: RecordedRun;
  readonly #time: Pick<LabEnvironment, 'after'>;
  readonly #changed: () => void;
  readonly #whole: BareRunState;
  #view: ReplayView;
  #state: BareRunState | null = null;
  #stop: (() => void) | null = null;

  /** @param changed called when a frame has come by the clock, not by a person */
  constructor(
    time: Pick<LabEnvironment, 'after'>,
    { id, run, kind, name }: ReplayOptions,
    changed: () => void,
  ) {
    this.#time = time;
    this.#changed = changed;
    this.id = id;
    this.run = run;
    this.#whole = wholeState(id, run, { kind, name, recordedAt: run.recordedAt, commit: run.origin.commit });
    const last = lastFrame(run);
    this.#view = { frame: last, last, playing: false };
  }

  get settings(): RecordedRun['settings'] {
    return this.run.settings;
  }

  get presetName(): string {
    return this.run.presetName;
  }

  get state(): BareRunState {
    if (this.#state !== null) return this.#state;
    const { view, series } = cutRun(this.run, this.#view.frame);
    const { phases, ...shown } = view;
    this.#state = {
      ...this.#whole,
      ...shown,
      phases: phaseViews(phases, 0),
      series: new RunSeries(series).view(),
      replay: this.#view,
    };
    return this.#state;
  }

  /** Play on from the frame shown, from the beginning where that is the last. */
  play(): void {
    const { frame, last } = this.#view;
    this.#show({ last, frame: frame >= last ? 0 : frame, playing: true });
    this.#goOn();
  }

  pause(): void {
    this.#halt();
    if (this.#view.playing) this.#set({ ...this.#view, playing: false });
  }

  /** Show a frame; whether it plays does not change, but for the last, where it ends. */
  seek(frame: number): void {
    if (!Number.isFinite(frame)) return;
    const { frame: shown, last, playing } = this.#view;
    const wanted = Math.min(last, Math.max(0, Math.round(frame)));
    if (wanted !== shown) this.#show({ last, frame: wanted, playing: playing && wanted < last });
  }

  end(): void {
    this.#halt();
  }

  #goOn(): void {
    this.#halt();
    const perFrame = (1000 * replaySeconds) / this.#view.last;
    const frames = Math.max(1, Math.ceil(shortestFrame / perFrame));
    this.#stop = this.#time.after(frames * perFrame, () => {
      this.#stop = null;
      const { frame, last, playing } = this.#view;
      if (!playing) return;
      const next = Math.min(last, frame + frames);
      this.#show({ last, frame: next, playing: next < last });
      this.#changed();
      if (next < last) this.#goOn();
    });
  }

  #halt(): void {
    this.#stop?.();
    this.#stop = null;
  }

  #show(view: ReplayView): void {
    this.#view = view;
    this.#state = null;
  }

  /** The same frame, so what is drawn of it stays the same objects. */
  #set(view: ReplayView): void {
    this.#view = view;
    if (this.#state !== null) this.#state = { ...this.#state, replay: view };
  }
}

/** What does not depend on the frame. */
function wholeState(id: string, run: RecordedRun, source: RunSource): BareRunState {
  const { settings, presetName, engine, sandbox, parameters, elapsedSeconds, tokensPerSecond } = run;
  return {
    ...idleRun(id, settings, presetName),
    ...{ engine, sandbox, parameters, elapsedSeconds, tokensPerSecond },
    status: 'done',
    source,
  };
}
