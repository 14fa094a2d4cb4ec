/**
 * A run on disk, to be taken elsewhere: a folder that `npm run train` wrote, or a file that the page or a recording has (run.json, also
 * gzipped).
 */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { keptWeightsPlace, weightsPlace } from '../export/weightsPlace.ts';
import { CheckpointError } from '../policy/safetensors.ts';
import type { NamedTensors } from '../policy/config.ts';
import { fileText } from '../record/fileText.ts';
import { keptWeightsFile } from '../record/keptWeights.ts';
import type { RecordedRun } from '../record/recordedRun.ts';
import { readRunFile } from '../record/runFile.ts';
import type { RunCheckpoint } from '../train/checkpoint.ts';
import { readRunCheckpoint, readWeights } from '../train/checkpointFile.ts';
import { UsageError } from './options.ts';

export interface FoundRun {
  readonly run: RecordedRun;
  /** The newest checkpoint that can be read; null where the run is a file, or kept none. */
  readonly checkpoint: RunCheckpoint | null;
  /** Where weights of single rounds lie. */
  readonly weightsFolder: string;
  /** Checkpoints that cannot be read and were passed over, in sentences. */
  readonly damaged: readonly string[];
}

/** @throws UsageError */
export async function readRunSource(path: string): Promise<FoundRun> {
  if (!existsSync(path))
    throw new UsageError(`There is no run at ${path}; --run takes a run’s folder or its run.json.`);
  if (!statSync(path).isDirectory()) {
    const folder = /^run\.json(\.gz)?$/.test(basename(path))
      ? dirname(path)
      : path.replace(/\.json(\.gz)?$/, '');
    return { run: await readRecord(path), checkpoint: null, weightsFolder: folder, damaged: [] };
  }
  const checkpoints = join(path, 'checkpoints');
  const names = existsSync(checkpoints)
    ? readdirSync(checkpoints)
        .filter((file) => file.endsWith('.safetensors'))
        .sort()
        .reverse()
    : [];
  const damaged: string[] = [];
  const whole = join(path, 'run.json');
  for (const name of names) {
    const checkpoint = readCheckpointFile(join(checkpoints, name));
    if (typeof checkpoint === 'string') {
      damaged.push(checkpoint); // the one before it
      continue;
    }
    const record = existsSync(whole) ? whole : join(checkpoints, name.replace(/safetensors$/, 'json'));
    return { run: await readRecord(record), checkpoint, weightsFolder: path, damaged };
  }
  if (existsSync(whole))
    return { run: await readRecord(whole), checkpoint: null, weightsFolder: path, damaged };
  // The folder of weights that lies beside a recording.
  const beside = ['.json.gz', '.json'].map((end) => path.replace(/\/+$/, '') + end).find(existsSync);
  if (beside !== undefined)
    return { run: await readRecord(beside), checkpoint: null, weightsFolder: path, damaged };
  throw new UsageError(damaged[0] ?? `${path} holds no run yet: no run.json and no checkpoint.`);
}

/** Or why it cannot be read, a sentence. */
function readCheckpointFile(path: string): RunCheckpoint | string {
  try {
    return readRunCheckpoint(readFileSync(path));
  } catch (error) {
    const why = error instanceof CheckpointError ? error.message : 'the system does not hand it out.';
    return `The checkpoint ${path} was passed over: ${why}`;
  }
}

async function readRecord(path: string): Promise<RecordedRun> {
  const text = await readText(path).catch(() => {
    throw new UsageError(`${path} was not opened: it is damaged, cut off, or no file.`);
  });
  if (text === undefined)
    throw new UsageError(`${path} was not opened: it is far larger than a run of this lab.`);
  const read = readRunFile(text);
  if (!read.ok) throw new UsageError(`${path} was not opened: ${read.message}`);
  return read.run;
}

const readText = async (path: string) => fileText(new Blob([readFileSync(path)]));

export interface FoundWeights {
  readonly tensors: NamedTensors;
  /** Where in the run they are from, in words. */
  readonly place: string;
}

/**
 * The weights of a round that kept them; of the newest checkpoint, or else of the last round kept, where `round` is null.
 * @throws UsageError
 */
export function weightsOf(found: FoundRun, round: number | null): FoundWeights {
  const { run, checkpoint } = found;
  if (round === null && checkpoint !== null) {
    return { tensors: checkpoint.tensors, place: placeOf(checkpoint) };
  }
  const kept = run.view.weights;
  const wanted = round === null ? kept.at(-1) : kept.find((one) => one.round === round);
  if (wanted === undefined)
    throw new UsageError(
      kept.length === 0
        ? found.damaged.length > 0
          ? 'None of this run’s checkpoints can be read, and it kept no weights beside them.'
          : 'This run kept no weights: take its folder with the checkpoints, or train it with --keep-weights.'
        : `The weights of that round were not kept; --round takes ${kept.map((one) => one.round).join(', ')}.`,
    );
  return { tensors: keptWeights(found, wanted.round), place: keptWeightsPlace(wanted.round) };
}

/** @throws UsageError where the file is not there, or is none */
function keptWeights({ run, weightsFolder }: FoundRun, round: number): NamedTensors {
  const path = join(weightsFolder, keptWeightsFile(round));
  try {
    return readWeights(readFileSync(path), run.settings.policy);
  } catch (error) {
    throw new UsageError(
      error instanceof CheckpointError ? `${path}: ${error.message}` : `The weights ${path} cannot be read.`,
    );
  }
}

/** A stage whose steps are done is at its end. */
function placeOf({ position: { phase, done, round }, settings }: RunCheckpoint): string {
  if (phase === 'stage1' && done >= settings.stage1.steps) return weightsPlace('filter', round);
  if (phase === 'stage2' && done >= settings.stage2.steps) return weightsPlace('evaluation', round);
  return weightsPlace(phase, round);
}

/**
 * The weights after the cold start: of its checkpoint, or of the round that ended it; null where they were not kept, or are damaged.
 * @throws UsageError
 */
export function coldStartWeights(found: FoundRun): NamedTensors | null {
  const { run, weightsFolder } = found;
  const checkpoints = join(weightsFolder, 'checkpoints');
  const name = existsSync(checkpoints)
    ? readdirSync(checkpoints).find((file) => /-sft-\d+-end\.safetensors$/.test(file))
    : undefined;
  const checkpoint = name === undefined ? null : readCheckpointFile(join(checkpoints, name));
  if (checkpoint !== null && typeof checkpoint !== 'string') return checkpoint.tensors;
  const stage1 = run.view.phases.find((phase) => phase.name === 'stage1');
  const kept = run.view.weights.find(({ round }) => round === stage1?.round);
  if (kept === undefined || !existsSync(join(weightsFolder, keptWeightsFile(kept.round)))) return null;
  return keptWeights(found, kept.round);
}
