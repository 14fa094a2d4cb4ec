/**
 * Learning-rate schedules. Pure functions of the step, so a run that is held or resumed is on the same schedule.
 */

/** Linear warm-up times a cosine from `peak` at step 0 to `finalRatio * peak` at `totalSteps`; 1 is constant. `step` counts from 0. */
export function warmupCosine(
  step: number,
  totalSteps: number,
  peak: number,
  warmupSteps: number,
  finalRatio: number,
): number {
  const cosine = 0.5 * (1 + Math.cos((Math.PI * step) / Math.max(1, totalSteps)));
  return peak * warmupShare(step, warmupSteps) * (finalRatio + (1 - finalRatio) * cosine);
}

function warmupShare(step: number, warmupSteps: number): number {
  return warmupSteps === 0 ? 1 : Math.min(1, (step + 1) / warmupSteps);
}
