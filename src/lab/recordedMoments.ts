/**
 * Moments of a recording at which a fork can begin: the rounds whose weights lie beside it (record/keptWeights.ts). Invariant
 * (forks.test.ts): a fork begins in the phase in which the run has to go on at that round.
 */
import { recordingWeightsPath, type KeptWeights } from '../record/keptWeights.ts';
import type { RecordedEntry } from '../record/recordedIndex.ts';
import type { RunSettings } from '../train/settings.ts';
import type { CheckpointPlace } from '../worker/protocol.ts';
import type { KeptMoment, RunState } from './state.ts';

/** For people, in full. */
export const recordedForkRule =
  'A recording keeps the weights of some rounds and not the optimizer’s memory: this fork starts AdamW afresh, and counts from here on which problems are always solved.';

/** What has to be known of a recording. */
export interface Recorded {
  readonly settings: RunSettings;
  readonly weights: readonly KeptWeights[];
  readonly phases: readonly { readonly name: string; readonly status: string; readonly round: number }[];
}

/** Where a fork can begin, oldest first; of a replay's state those at or before the round shown. A moment's number is its round. */
export function recordedMoments(run: Recorded): readonly KeptMoment[] {
  return run.weights.map(({ round }) => ({
    number: round,
    place: recordedPlace(run, round),
    words: `round ${round}`,
  }));
}

/** Of a run that comes with the page: which file of the index it is. */
export function recordingOf(
  { source }: Pick<RunState, 'source'>,
  recordings: readonly RecordedEntry[],
): RecordedEntry | null {
  if (source.kind !== 'recording') return null;
  return recordings.find(({ title }) => title === source.name) ?? null;
}

/** Files of weights that a fork at a round takes: the round's own, and the cold start's, which a KL penalty measures from. */
export function momentFiles(
  run: Recorded,
  recording: string,
  round: number,
): { readonly weights: string; readonly coldStart: string | null } | null {
  const kept = run.weights.find((one) => one.round === round);
  if (kept === undefined) return null;
  const taught = begun(run, 'stage1');
  const first = run.weights.find((one) => one.round === taught);
  return {
    weights: recordingWeightsPath(recording, kept),
    coldStart: first === undefined || first === kept ? null : recordingWeightsPath(recording, first),
  };
}

/** The phase in which a run goes on from the weights of a round. Weights are kept from the end of the cold start on. */
export function recordedPlace(run: Recorded, round: number): CheckpointPlace {
  const [stage1, stage2] = [begun(run, 'stage1'), begun(run, 'stage2')];
  if (stage2 !== null && round > stage2) {
    const done = round - stage2;
    return done < run.settings.stage2.steps
      ? { phase: 'stage2', done, round }
      : { phase: 'evaluation', done: 0, round };
  }
  return { phase: 'stage1', done: Math.max(0, round - (stage1 ?? round)), round };
}

/** Rounds that had been measured when a phase began; null where it has not. */
export function begun({ phases }: Pick<Recorded, 'phases'>, name: 'stage1' | 'stage2'): number | null {
  return phases.find((phase) => phase.name === name && phase.status !== 'waiting')?.round ?? null;
}
