/**
 * What leaves the page for other tools, as zips: a policy as transformers opens it, and a run's data for TRL and verl. Loaded when asked for.
 *
 * Invariant (exports.test.ts): what cannot be had becomes null and a notice that says why.
 */
import { embeddedConfig } from '../policy/checkpoint.ts';
import { readSafetensors } from '../policy/safetensors.ts';
import type { RecordedRun } from '../record/recordedRun.ts';
import { readRunCheckpoint, weightsPart } from '../train/checkpointFile.ts';
import type { LabEnvironment } from './environment.ts';
import type { Notices } from './notices.ts';
import { fileStem, type RunFiles } from './runFiles.ts';
import type { RunKeeper } from './runKeeper.ts';
import type { HeldRun, Runs } from './runs.ts';
import type { NamedFile } from './state.ts';

export class Exports {
  readonly #environment: LabEnvironment;
  readonly #runs: Runs;
  readonly #keeper: RunKeeper;
  readonly #files: RunFiles;
  readonly #notices: Notices;

  constructor(environment: LabEnvironment, runs: Runs, keeper: RunKeeper, files: RunFiles, notices: Notices) {
    this.#environment = environment;
    this.#runs = runs;
    this.#keeper = keeper;
    this.#files = files;
    this.#notices = notices;
  }

  /** The policy of the run in focus as a model folder. */
  async model(): Promise<NamedFile | null> {
    const { focused: run } = this.#runs;
    if (run === null || run.kind === 'kept') return null;
    const answer = await this.#files.weights(run);
    if (!answer.ok) return this.#refuse('The model folder was not made', answer.message);
    try {
      const [{ modelFolder }, { zipped }] = await Promise.all([
        import('../export/modelFolder.ts'),
        import('../export/zip.ts'),
      ]);
      const { tensors, metadata } = readSafetensors(answer.bytes);
      const files = modelFolder({
        config: embeddedConfig(metadata),
        tensors: weightsPart(tensors),
        settings: run.settings,
        run: this.#record(run),
        place: answer.place,
      });
      const name = `${fileStem(run)}-${answer.name}`;
      return zipFile(name, zipped(name, files));
    } catch (error) {
      return this.#refuse('The model folder was not made', sentence(error));
    }
  }

  /** The data of the run in focus. Python runs the teacher's calls again, so it takes as long as the run's first phases. */
  async data(): Promise<NamedFile | null> {
    const { focused: run } = this.#runs;
    if (run === null || run.kind === 'kept') return null;
    try {
      const [{ datasetFiles, rolloutDataset, trainingDatasets }, { zipped }, { trainingData }] =
        await Promise.all([
          import('../export/datasets.ts'),
          import('../export/zip.ts'),
          import('../train/trainingData.ts'),
        ]);
      const { settings } = run;
      const sandbox = await this.#environment.createSandbox(settings.sandbox);
      try {
        const data = await trainingData(settings, sandbox, await this.#solved(run));
        const { view } = this.#record(run);
        const datasets = [...trainingDatasets(data), rolloutDataset('tokens/rollouts', view.rounds)];
        const name = `${fileStem(run)}-data`;
        return zipFile(name, zipped(name, datasetFiles(datasets)));
      } finally {
        sandbox.dispose();
      }
    } catch (error) {
      return this.#refuse('The data was not exported', sentence(error));
    }
  }

  #record(run: Exclude<HeldRun, { kind: 'kept' }>): RecordedRun {
    return run.kind === 'live' ? run.record(this.#environment.date(), this.#environment.origin) : run.run;
  }

  /** How stage 1's prompts fared, where a checkpoint of the run was kept. */
  async #solved(run: HeldRun): Promise<Map<string, number>> {
    const kept = run.kind === 'live' ? await this.#keeper.moment(run.id) : null;
    return new Map(kept === null ? [] : readRunCheckpoint(kept.checkpoint).position.solved);
  }

  #refuse(what: string, why: string): null {
    this.#notices.add(`${what}: ${why}`);
    return null;
  }
}

function zipFile(name: string, bytes: Uint8Array<ArrayBuffer>): NamedFile {
  return { name: `${name}.zip`, blob: new Blob([bytes], { type: 'application/zip' }) };
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
