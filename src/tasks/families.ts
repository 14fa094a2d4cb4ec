/**
 * The registry of problem families, and the settings of all of them.
 *
 * Invariant: a family is named here once and nowhere else; whoever needs problems asks `problemFamily`. A new family
 * is a file that makes a `ProblemFamily` from `TaskSettings` and a line in the registry.
 */
import { chainFamily, chainSettingsProblem, type ChainSettings } from './chain.ts';
import { hornerFamily } from './horner.ts';
import { stepLabels, type ProblemFamily, type ProblemVariant } from './problem.ts';
import { recurrenceFamily, recurrenceSettingsProblem } from './recurrence.ts';

export const familyNames = ['chain', 'recurrence', 'horner'] as const;
export type FamilyName = (typeof familyNames)[number];

/** Everything that decides which problems can be drawn, but for their length. `operations` matters to chains only. */
export interface TaskSettings extends ChainSettings {
  readonly family: FamilyName;
}

const families: Record<FamilyName, (settings: TaskSettings) => ProblemFamily> = {
  chain: chainFamily,
  recurrence: recurrenceFamily,
  horner: hornerFamily,
};

/** The family these settings name. Throws where its settings are unsound. */
export function problemFamily(settings: TaskSettings): ProblemFamily {
  return families[settings.family](settings);
}

/** What is wrong with these settings, in a sentence; undefined where nothing is. */
export function taskSettingsProblem(settings: TaskSettings): string | undefined {
  switch (settings.family) {
    case 'chain':
      return chainSettingsProblem(settings);
    case 'recurrence':
    case 'horner':
      return recurrenceSettingsProblem(settings);
  }
}

/** The most steps that a problem can have. */
export const maximumLength = stepLabels.length;

/**
 * Upper bound of a prompt's tokens (`<|im_start|>`, question, `<think>`) for a problem of `length` steps.
 */
export function longestPromptTokens(
  settings: TaskSettings,
  length: number,
  variant: ProblemVariant = 'standard',
): number {
  const longest = problemFamily(settings).longestTexts(variant);
  return 1 + longest.questionHead + length * longest.questionStep + 1;
}

/** Upper bound of the tokens of one tool call with its label and its response. */
export function longestCallTokens(settings: TaskSettings, variant: ProblemVariant = 'standard'): number {
  const longest = problemFamily(settings).longestTexts(variant);
  return 1 + (1 + longest.code + 1) + (1 + longest.value + 1);
}

/** Upper bound of a whole trajectory that takes every step by tool and no call of which fails, prompt included. */
export function denseTrajectoryTokens(
  settings: TaskSettings,
  length: number,
  variant: ProblemVariant = 'standard',
): number {
  const steps = length * longestCallTokens(settings, variant);
  return longestPromptTokens(settings, length, variant) + steps + answerTokens(settings, variant);
}

/** Upper bound of a whole trajectory that takes every step in the head and then makes `checks` calls, prompt included. */
export function thoughtTrajectoryTokens(
  settings: TaskSettings,
  length: number,
  checks = 0,
  variant: ProblemVariant = 'standard',
): number {
  const steps = length * (1 + problemFamily(settings).longestTexts(variant).thought);
  const calls = checks * longestCallTokens(settings, variant);
  return longestPromptTokens(settings, length, variant) + steps + calls + answerTokens(settings, variant);
}

/** `</think>`, the answer, `<|im_end|>`. */
function answerTokens(settings: TaskSettings, variant: ProblemVariant): number {
  return 1 + problemFamily(settings).longestTexts(variant).value + 1;
}
