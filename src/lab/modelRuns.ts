/**
 * Runs that begin with a model from elsewhere: a folder, a zip, shards or a single file become the first checkpoint of a run with the
 * form's settings and the model's own shape.
 *
 * Invariant (exports.test.ts): a model that is no good becomes a notice, and no run is begun.
 */
import { chosenBytes } from '../foreign/limits.ts';
import { CheckpointError } from '../policy/safetensors.ts';
import { writeRunCheckpoint } from '../train/checkpointFile.ts';
import { startCheckpoint } from '../train/startCheckpoint.ts';
import { validateSettings } from '../train/validate.ts';
import type { Notices } from './notices.ts';
import type { Runs } from './runs.ts';
import type { FormState, NamedFile } from './state.ts';
import type { TrainerLink } from './trainerLink.ts';
import type { EngineView } from '../record/recordedRun.ts';

export class ModelRuns {
  readonly #runs: Runs;
  readonly #notices: Notices;

  constructor(runs: Runs, notices: Notices) {
    this.#runs = runs;
    this.#notices = notices;
  }

  /** @param files of a folder, or those chosen together */
  async begin(
    files: readonly NamedFile[],
    form: FormState,
    engine: EngineView | null,
    link: () => TrainerLink,
  ): Promise<void> {
    const name = nameOf(files);
    const refuse = (why: string) => this.#notices.add(`“${name}” was not taken: ${why}`);
    try {
      const { readModel, policySettings } = await import('../export/readModel.ts');
      const model = readModel(await modelFiles(files));
      const settings = { ...form.settings, policy: policySettings(model, form.settings.policy) };
      const [problem] = validateSettings(settings);
      if (problem !== undefined) return refuse(problem.message);
      this.#runs.start({
        ...{ settings, presetName: form.presetName, engine, link: link() },
        name: `from ${name}`,
        parent: { id: '', name, place: 'its weights' },
        restored: {
          record: null,
          status: 'interrupted',
          checkpoint: {
            place: { phase: 'sft', done: 0, round: 0 },
            seconds: 0,
            bytes: writeRunCheckpoint(startCheckpoint(settings, model.tensors)),
          },
        },
      });
    } catch (error) {
      refuse(error instanceof CheckpointError ? error.message : 'it cannot be read.');
    }
  }
}

/** The files of a model by name, those of zips among them. @throws CheckpointError */
async function modelFiles(files: readonly NamedFile[]): Promise<ReadonlyMap<string, Uint8Array>> {
  const [{ isModelFile }, { unzipped, basename }] = await Promise.all([
    import('../export/readModel.ts'),
    import('../export/zip.ts'),
  ]);
  const chosen = files.filter(({ name }) => name.endsWith('.zip') || isModelFile(basename(name)));
  if (chosen.reduce((sum, { blob }) => sum + blob.size, 0) > chosenBytes)
    throw new CheckpointError('These files are larger than any policy of this lab.');
  const found = new Map<string, Uint8Array>();
  for (const { name, blob } of chosen) {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    if (name.endsWith('.zip'))
      for (const [inner, contents] of unzipped(bytes, isModelFile)) found.set(inner, contents);
    else found.set(basename(name), bytes);
  }
  return found;
}

/** The folder’s name where there is one, else the first file’s. */
function nameOf([first]: readonly NamedFile[]): string {
  return first === undefined ? 'nothing' : (first.name.split('/')[0] ?? first.name).slice(0, 60);
}
