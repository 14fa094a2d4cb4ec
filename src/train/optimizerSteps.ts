/**
 * Optimizer steps as the recipe takes them: one whose loss or gradient is not finite is left out and counted, and the run goes on
 * (as in verl); several in a row end it.
 *
 * Invariant: the engine never applies such a step (`PolicyEngine.step`), so a skipped step leaves weights and moments as they were. A run
 * offers no checkpoint while its last step was a skipped one: where it ends, its last checkpoint is from before it went wrong.
 */
import { NonFiniteLossError } from '../engine/engine.ts';

/** What a step reported; null where it was skipped. */
export type StepResult<Stats> = Stats | null;

/** Skipped steps in a row that end a run: the same batch is not met twice, so by then it is the weights. */
export const mostSkippedInARow = 3;

/** The result of a step that was asked for. May be waited for later, or never. */
export function resultOf<Stats>(step: Promise<Stats>): Promise<StepResult<Stats>> {
  const result = step.catch((error: unknown) => {
    if (error instanceof NonFiniteLossError) return null;
    throw error;
  });
  result.catch(() => undefined); // told when it is waited for
  return result;
}

/** Counts skipped steps in a row, within a phase. */
export class SkippedSteps {
  #inARow = 0;

  /** @throws NonFiniteLossError, a sentence for people, when there were `mostSkippedInARow` in a row */
  note(result: StepResult<unknown>): void {
    this.#inARow = result === null ? this.#inARow + 1 : 0;
    if (this.#inARow < mostSkippedInARow) return;
    throw new NonFiniteLossError(
      `The loss or the gradient of ${mostSkippedInARow} optimizer steps in a row was not a finite number, so the run was stopped; none of ` +
        'them changed the weights, and what was saved is from before them.',
    );
  }

  /** Whether the last step was skipped. */
  get isOpen(): boolean {
    return this.#inARow > 0;
  }
}
