/**
 * What the configs of other tools need and a run's settings do not say.
 */
/** Numbers that configs need and settings do not say. */
export interface RecipeNumbers {
  readonly coldStartTrajectories: number;
  /** Tokens of a prompt, mean and longest, by stage. */
  readonly prompts: Readonly<
    Record<'stage1' | 'stage2', { readonly mean: number; readonly longest: number }>
  >;
}
