/**
 * Files: what can be taken out of the lab (a run, its weights), and what can be opened in it (a run, a study).
 *
 * Invariant (store.test.ts): a file that is no good becomes a notice and changes nothing; weights that cannot be had become null and a
 * notice that says why.
 */
import { keptWeightsPlace, weightsPlace } from '../export/weightsPlace.ts';
import { recordingWeightsPath } from '../record/keptWeights.ts';
import { writeRunFile } from '../record/runFile.ts';
import { writeCheckpoint } from '../policy/checkpoint.ts';
import { checkpointContext, readRunCheckpoint } from '../train/checkpointFile.ts';
import { runPolicy } from '../train/runPolicy.ts';
import { defaultPreset, findPreset } from '../recipes/presets.ts';
import type { LabEnvironment } from './environment.ts';
import type { Notices } from './notices.ts';
import { recordingOf } from './recordedMoments.ts';
import type { Recordings } from './recordings.ts';
import type { Replay } from './replay.ts';
import type { RunKeeper } from './runKeeper.ts';
import type { HeldRun, Runs } from './runs.ts';
import type { WeightsAnswer } from './weightsRequests.ts';
import type { LabState, NamedFile } from './state.ts';

export class RunFiles {
  readonly #environment: LabEnvironment;
  readonly #runs: Runs;
  readonly #keeper: RunKeeper;
  readonly #recordings: Recordings;
  readonly #notices: Notices;
  #study: LabState['study'] = null;

  constructor(
    environment: LabEnvironment,
    runs: Runs,
    keeper: RunKeeper,
    recordings: Recordings,
    notices: Notices,
  ) {
    this.#environment = environment;
    this.#runs = runs;
    this.#keeper = keeper;
    this.#recordings = recordings;
    this.#notices = notices;
  }

  get study(): LabState['study'] {
    return this.#study;
  }

  closeStudy(): void {
    this.#study = null;
  }

  /** The run in focus as a file; one that is not live is exported whole, whatever part of it is shown. */
  exportRun(): NamedFile | null {
    const { focused: run } = this.#runs;
    if (run === null || run.kind === 'kept') return null;
    const { origin } = this.#environment;
    const recorded = run.kind === 'live' ? run.record(this.#environment.date(), origin) : run.run;
    return {
      name: `${fileStem(run)}.json`,
      blob: new Blob([writeRunFile(recorded)], { type: 'application/json' }),
    };
  }

  async exportWeights(): Promise<NamedFile | null> {
    const { focused: run } = this.#runs;
    if (run === null || run.kind === 'kept') return null;
    const answer = await this.weights(run);
    if (!answer.ok) {
      this.#notices.add(`The weights were not exported: ${answer.message}`);
      return null;
    }
    return {
      name: `${fileStem(run)}-${answer.name}.safetensors`,
      blob: new Blob([new Uint8Array(answer.bytes)], { type: 'application/octet-stream' }),
    };
  }

  /**
   * The weights of a run: the current ones where it has a worker, else those of its newest checkpoint; of a recording the newest that lie
   * beside it, up to the round shown.
   */
  weights(run: Exclude<HeldRun, { kind: 'kept' }>): Promise<WeightsAnswer> {
    if (run.kind === 'recorded') return this.#recordedWeights(run);
    return run.hasWeights ? run.askForWeights() : this.#momentWeights(run.id);
  }

  /** Of a live run at a kept moment. @throws a sentence */
  async keptWeights(id: string, moment: number): Promise<Uint8Array> {
    const answer = await this.#momentWeights(id, moment);
    if (answer.ok) return answer.bytes;
    throw new Error('What was kept of the run there is damaged or gone; choose another moment.');
  }

  async #recordedWeights({ state }: Replay): Promise<WeightsAnswer> {
    const entry = recordingOf(state, this.#recordings.state.recordings);
    const kept = state.weights.at(-1);
    if (entry === null) return { ok: false, message: 'this file has measurements and no weights.' };
    if (kept === undefined)
      return { ok: false, message: 'no weights were kept up to the round shown; move on in the recording.' };
    try {
      const file = await this.#environment.download(recordingWeightsPath(entry.file, kept));
      const bytes = new Uint8Array(await file.arrayBuffer());
      return { ok: true, bytes, name: `round${kept.round}`, place: keptWeightsPlace(kept.round) };
    } catch {
      return { ok: false, message: 'they could not be loaded; check the connection and try again.' };
    }
  }

  /** The weights at a moment that was kept, the newest one where none is named: of a run that has given its worker back. */
  async #momentWeights(id: string, moment?: number): Promise<WeightsAnswer> {
    const kept = await this.#keeper.moment(id, moment);
    if (kept === null) return { ok: false, message: 'no checkpoint of this run was kept.' };
    try {
      const { settings, tensors, position } = readRunCheckpoint(kept.checkpoint);
      const config = runPolicy(settings.policy);
      const { phase, round } = position;
      const metadata = { phase, round: String(round) };
      const bytes = writeCheckpoint({ config, tensors, metadata }, checkpointContext(settings));
      return { ok: true, bytes, name: phase, place: weightsPlace(phase, round) };
    } catch (error) {
      return {
        ok: false,
        message: error instanceof Error ? error.message : 'its checkpoint cannot be read.',
      };
    }
  }

  async open(file: Blob, name: string): Promise<void> {
    const opened = await this.#environment.readFile(file);
    switch (opened.kind) {
      case 'study':
        this.#study = { name, study: opened.study };
        return;
      case 'run':
        this.#runs.show(opened.run.run, 'file', name);
        this.#notices.add(...opened.run.notices);
        return;
      case 'refused':
        this.#notices.add(`“${name}” was not opened: ${opened.message}`);
        return;
    }
  }
}

/** What a run's files are called: `aster-lab-mini-sparse-seed7`. */
export function fileStem({ presetName, settings }: Pick<HeldRun, 'presetName' | 'settings'>): string {
  const preset = findPreset(presetName)?.name ?? defaultPreset;
  return `aster-lab-${preset}-seed${settings.run.seed}`;
}
