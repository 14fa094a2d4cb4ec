/**
 * Playing a recorded run: which frame of it is shown, and the clock that moves it on.
 *
 * Invariants. (1) What is shown is always a cut of the file (`recorded.ts`) or the file itself. (2) A replay takes the same time
 * however long the run was. (3) It stops by itself at the end, and when another run is shown.
 */
import type { LabEnvironment } from './environment.ts';
import { lastFrame } from '../record/replayFrame.ts';
import type { RecordedRun } from '../record/runFile.ts';
import type { RunLife } from './runController.ts';
import type { Snapshots } from './snapshots.ts';
import type { ReplayView } from './state.ts';

/** Of a whole replay, seconds. */
export const replaySeconds = 20;
/** Shortest time between two frames, milliseconds: what the page redraws without being felt. A longer run skips frames. */
const shortestFrame = 150;

/** As a run is first shown: whole. */
export function wholeRun(run: RecordedRun): ReplayView {
  const last = lastFrame(run);
  return { frame: last, last, playing: false };
}

export class Replay {
  readonly #environment: LabEnvironment;
  readonly #snapshots: Snapshots;
  readonly #run: RunLife;
  #stop: (() => void) | null = null;

  constructor(environment: LabEnvironment, snapshots: Snapshots, run: RunLife) {
    this.#environment = environment;
    this.#snapshots = snapshots;
    this.#run = run;
  }

  /** Play on from the frame shown, from the beginning where that is the last. */
  play(): void {
    const view = this.#snapshots.state.replay;
    if (view === null) return;
    this.#show({ ...view, frame: view.frame >= view.last ? 0 : view.frame, playing: true });
    this.#goOn();
  }

  pause(): void {
    this.#halt();
    const view = this.#snapshots.state.replay;
    if (view?.playing === true) this.#snapshots.now({ replay: { ...view, playing: false } });
  }

  /** Show a frame; whether it plays does not change, but for the last, where it ends. */
  seek(frame: number): void {
    const view = this.#snapshots.state.replay;
    if (view === null || !Number.isFinite(frame)) return;
    const wanted = Math.min(view.last, Math.max(0, Math.round(frame)));
    if (wanted !== view.frame)
      this.#show({ ...view, frame: wanted, playing: view.playing && wanted < view.last });
  }

  #goOn(): void {
    this.#halt();
    const { session } = this.#run;
    const view = this.#snapshots.state.replay;
    if (view === null || session === null) return;
    const perFrame = (1000 * replaySeconds) / view.last;
    const frames = Math.max(1, Math.ceil(shortestFrame / perFrame));
    this.#stop = this.#environment.after(frames * perFrame, () => {
      this.#stop = null;
      const now = this.#snapshots.state.replay;
      if (now?.playing !== true || this.#run.session?.recorded !== session.recorded) return;
      const next = Math.min(now.last, now.frame + frames);
      this.#show({ ...now, frame: next, playing: next < now.last });
      if (next < now.last) this.#goOn();
    });
  }

  #halt(): void {
    this.#stop?.();
    this.#stop = null;
  }

  #show(view: ReplayView): void {
    this.#run.showFrame(view.frame);
    this.#snapshots.now({ replay: view });
  }
}
