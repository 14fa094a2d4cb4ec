/**
 * What a headless run is asked to do: a preset, an arm over it, single settings over that, a seed and a folder.
 *
 * Invariant: what comes out can run; everything wrong with the words of the command line is one `UsageError` with a sentence
 * that says what to write instead.
 */
import { parseArgs } from 'node:util';
import { armNames, findArm, withChanges } from '../recipes/arms.ts';
import { defaultPreset, findPreset, presets } from '../recipes/presets.ts';
import {
  formField,
  getSetting,
  withSetting,
  type RunSettings,
  type SettingValue,
} from '../recipes/formModel.ts';
import { runSettingsSchema } from '../train/settings.ts';
import { validateSettings } from '../train/validate.ts';

/** The command line is wrong; `message` says what to write. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * The number that an option's word stands for.
 * @throws UsageError where it is none, or none that `is` takes; `takes` completes “--name takes …”
 */
export function numberOption(
  name: string,
  word: string,
  takes: string,
  is: (value: number) => boolean,
): number {
  const value = word.trim() === '' ? NaN : Number(word);
  if (Number.isFinite(value) && is(value)) return value;
  throw new UsageError(`--${name} takes ${takes}, not “${word}”.`);
}

/** `numberOption` for a count: a whole number, 1 or more. */
export function countOption(name: string, word: string): number {
  return numberOption(name, word, 'a whole number, 1 or more', (n) => Number.isInteger(n) && n >= 1);
}

export interface TrainOptions {
  readonly presetName: string;
  readonly settings: RunSettings;
  /** The run's folder. */
  readonly out: string;
  /** Weights to begin with: a model folder or a .safetensors file (modelFiles.ts). */
  readonly weights: string | null;
  /** Where the base policy lies that the settings name: a file or a folder; null: where `npm run base` puts it. */
  readonly base: string | null;
  readonly checkpointEvery: number; // seconds
  /** Of how many rounds the weights are kept beside run.json. */
  readonly keepWeights: number;
  /** Of an engine on the processor; null: one a core. They change nothing but the time, so they are no setting of the run. */
  readonly threads: number | null;
}

export const trainUsage = `npm run train -- --preset nano --arm dense --seed 1 --out runs/a

  --preset   ${presets.map(({ name }) => name).join(', ')}  (default ${defaultPreset})
  --arm      ${armNames.join(', ')}: the cold start's recipe, laid over the preset
  --seed     names every random choice (default 1)
  --set      one setting, as often as you like: --set grpo.learningRate=1e-4 --set run.backend=simd
  --weights  a model to begin with instead of the base or fresh weights: a folder (also transformers'), shards, or a .safetensors file; its shape is kept.
             From elsewhere it is trusted with numbers, and its calls with Python behind walls (src/sandbox/README.md says which)
  --base     where the base policy of the settings lies, a file or a folder (default public/bases, then runs/bases)
  --out      the run's folder (default runs/<preset>-<arm>-<seed>)
  --checkpoint-every   seconds between two checkpoints (default 60)
  --keep-weights       of so many rounds, first and last among them, beside run.json (default 0)
  --threads  of the engine where the processor computes (default one a core); the run is the same with any number

A graphics card computes where there is one, else the processor; run.backend names another engine. A run that was stopped goes on from its last checkpoint with the same command.`;

/** @throws UsageError */
export function parseTrainOptions(words: readonly string[]): TrainOptions | 'help' {
  const values = parseWords(words);
  if (values.help === true) return 'help';
  const presetName = values.preset ?? defaultPreset;
  const preset = findPreset(presetName);
  if (preset === undefined) {
    throw new UsageError(
      `There is no preset “${presetName}”; take one of ${presets.map(({ name }) => name).join(', ')}.`,
    );
  }
  const settings = resolveSettings(preset.settings, {
    ...(values.arm === undefined ? {} : { arm: values.arm }),
    ...(values.seed === undefined ? {} : { seed: values.seed }),
    assignments: values.set ?? [],
  });
  const name = [presetName, values.arm, settings.run.seed].filter((part) => part !== undefined).join('-');
  const checkpointEvery = numberOption(
    'checkpoint-every',
    values['checkpoint-every'] ?? '60',
    'seconds, 0 or more',
    (seconds) => seconds >= 0,
  );
  return {
    presetName,
    settings,
    out: values.out ?? `runs/${name}`,
    weights: values.weights ?? null,
    base: values.base ?? null,
    checkpointEvery,
    keepWeights: numberOption(
      'keep-weights',
      values['keep-weights'] ?? '0',
      'a whole number, 0 to 64',
      (n) => Number.isInteger(n) && n >= 0 && n <= 64,
    ),
    threads: values.threads === undefined ? null : countOption('threads', values.threads),
  };
}

function parseWords(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        preset: { type: 'string' },
        arm: { type: 'string' },
        seed: { type: 'string' },
        set: { type: 'string', multiple: true },
        weights: { type: 'string' },
        base: { type: 'string' },
        out: { type: 'string' },
        'checkpoint-every': { type: 'string' },
        'keep-weights': { type: 'string' },
        threads: { type: 'string' },
        help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** A preset's settings with an arm, a seed and single assignments ("grpo.learningRate=1e-4") over them. @throws UsageError */
export function resolveSettings(
  base: RunSettings,
  changes: { readonly arm?: string; readonly seed?: string; readonly assignments: readonly string[] },
): RunSettings {
  let settings = base;
  if (changes.arm !== undefined) {
    const arm = findArm(changes.arm);
    if (arm === undefined) {
      throw new UsageError(`There is no arm “${changes.arm}”; take one of ${armNames.join(', ')}.`);
    }
    settings = withChanges(settings, arm.changes);
  }
  const assignments = [...changes.assignments];
  if (changes.seed !== undefined) assignments.push(`run.seed=${changes.seed}`);
  for (const assignment of assignments) settings = assign(settings, assignment);
  const parsed = runSettingsSchema.safeParse(settings);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new UsageError(`${issue?.path.join('.') ?? 'A setting'}: ${issue?.message ?? 'not allowed'}.`);
  }
  const problems = validateSettings(parsed.data);
  if (problems.length > 0) throw new UsageError(problems.map(({ message }) => message).join('\n'));
  return parsed.data;
}

function assign(settings: RunSettings, assignment: string): RunSettings {
  const [path = '', text] = assignment.split(/=(.*)/s);
  if (text === undefined || formField(path) === undefined) {
    throw new UsageError(
      `“${assignment}” sets nothing: write --set group.name=value with a setting of the page's form, e.g. grpo.learningRate=1e-4.`,
    );
  }
  return withSetting(settings, path, valueOf(text, getSetting(settings, path)));
}

/** The text as the type that the setting has now; the schema judges what does not fit. */
function valueOf(text: string, now: SettingValue): SettingValue {
  if (typeof now === 'number') return text.trim() === '' ? text : Number(text);
  if (typeof now === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  return text;
}
