/**
 * A fork: a new run that begins at a checkpoint of another, with the other's settings but for one ingredient.
 *
 * The rule (fork.test.ts): what is still to come may change, what has been done may not. So problems, teacher, curation, seed, engine's
 * policy and sandbox stay as they are, and so does the cold start once it is over; a stage's number of steps may not fall below those
 * that are behind. Weights, AdamW's moments and counters are the parent's.
 */
import { differingPaths, formField, settingPaths } from '../recipes/formModel.ts';
import type { ResumablePhase } from '../train/checkpoint.ts';
import { resumablePhases } from '../train/checkpoint.ts';
import { readRunCheckpoint, writeRunCheckpoint } from '../train/checkpointFile.ts';
import type { RunSettings } from '../train/settings.ts';
import { validateSettings } from '../train/validate.ts';

/** For people, in full. */
export const forkRule =
  'A fork takes the policy as it was at the checkpoint, with the optimizer’s memory, and changes one thing about what is still to come. What is behind stays as it was: the problems, the teacher’s data, the seed, the size of the policy.';

/** Which phase a group of settings is last needed in; groups that are not here are settled from the start. */
const neededUntil: Readonly<Partial<Record<string, ResumablePhase>>> = {
  sft: 'sft',
  stage1: 'stage1',
  stage2: 'stage2',
  grpo: 'stage2',
  optimizer: 'stage2',
  collapse: 'stage2',
  evaluation: 'evaluation',
};

/** Problems of a stage are drawn before the first step. */
const settled = new Set([
  'stage1.minLength',
  'stage1.maxLength',
  'evaluation.afterColdStart',
  'collapse.share',
  'collapse.calls',
]);

/** The settings that a fork may change at a checkpoint of this phase. */
export function forkPaths(phase: ResumablePhase): readonly string[] {
  return settingPaths.filter((path) => {
    const until = neededUntil[path.slice(0, path.indexOf('.'))];
    if (until === undefined || settled.has(path)) return false;
    return resumablePhases.indexOf(until) >= resumablePhases.indexOf(phase);
  });
}

export type ForkedCheckpoint =
  | { readonly ok: true; readonly bytes: Uint8Array; readonly settings: RunSettings }
  /** A whole sentence. */
  | { readonly ok: false; readonly message: string };

/**
 * The parent's checkpoint with other settings. Never throws.
 * @param coldStart a checkpoint of the parent's whose weights are the cold start's: what a KL penalty that begins here measures from;
 * where there is none, that is the policy as it is at the fork
 */
export function forkCheckpoint(
  parent: Uint8Array,
  settings: RunSettings,
  coldStart: Uint8Array | null = null,
): ForkedCheckpoint {
  try {
    const checkpoint = readRunCheckpoint(parent);
    const { phase, done } = checkpoint.position;
    const allowed = new Set(forkPaths(phase));
    const refused = differingPaths(checkpoint.settings, settings).find((path) => !allowed.has(path));
    if (refused !== undefined) {
      return {
        ok: false,
        message: `${formField(refused)?.title ?? refused} cannot change here: what it decides lies behind this checkpoint.`,
      };
    }
    if ((phase === 'stage1' || phase === 'stage2') && settings[phase].steps < done)
      return { ok: false, message: `${done} steps of this stage are behind already; it cannot have fewer.` };
    const [problem] = validateSettings(settings);
    if (problem !== undefined) return { ok: false, message: problem.message };
    const needsReference =
      settings.grpo.klCoefficient > 0 &&
      checkpoint.reference === null &&
      (phase === 'stage1' || phase === 'stage2');
    const reference =
      needsReference && coldStart !== null ? readRunCheckpoint(coldStart).tensors : checkpoint.reference;
    return { ok: true, settings, bytes: writeRunCheckpoint({ ...checkpoint, reference, settings }) };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : 'The checkpoint cannot be read.' };
  }
}
