/**
 * Which policies of the run shown can be asked: a live run's as it is now and at the moments that this browser kept, a recorded run's at the
 * rounds whose weights were kept.
 */
import { useMemo } from 'react';
import { fetchWeights } from '../../lab/askBrowser.ts';
import type { AskedPolicy } from '../../lab/asking.ts';
import type { KeptMoment, LabActions, LabState, RunState } from '../../lab/state.ts';
import { recordingWeightsPath } from '../../record/keptWeights.ts';
import { useLab, useLabActions, useRun } from '../app/lab.tsx';

export interface PolicyChoice {
  readonly policy: AskedPolicy;
  readonly round: number;
  /** Which it is, in a sentence: “of round 12”, “of step 40 of the cold start”, “as it is now, round 12”, “at the end”. */
  readonly phrase: string;
}

/** The choices, oldest first, or a sentence that says why there is none and what to do. */
export type Policies =
  | { readonly ok: true; readonly choices: readonly PolicyChoice[] }
  | { readonly ok: false; readonly message: string };

type Run = Pick<RunState, 'id' | 'source' | 'status' | 'settings' | 'weights'> & { readonly round: number };

/** @param recordingFile of a run that comes with the page @param moments of a live run, oldest first */
export function policiesOf(
  run: Run,
  recordingFile: string | undefined,
  moments: readonly KeptMoment[],
  { exportWeights, keptWeights }: Pick<LabActions, 'exportWeights' | 'keptWeights'>,
): Policies {
  const { id, source, status, settings, weights, round } = run;
  switch (source.kind) {
    case 'live': {
      // Examinations change no weight.
      const learned = moments.filter(
        ({ place }) => place.phase !== 'baseline' && place.phase !== 'evaluation',
      );
      const choices = learned.map(({ number, place, words }): PolicyChoice => ({
        policy: { key: `${id} kept ${number}`, settings, weights: () => keptWeights(id, number) },
        round: place.round,
        phrase: `of ${words}`,
      }));
      if (status !== 'running' && status !== 'paused' && status !== 'done') {
        if (choices.length > 0) return { ok: true, choices };
        return {
          ok: false,
          message:
            'There is no policy yet. Train a run, or open one that comes with the page; then ask it here.',
        };
      }
      const current = async () => {
        const file = await exportWeights();
        if (file === null) throw new Error('The run has not handed out its weights; ask again in a moment.');
        return new Uint8Array(await file.blob.arrayBuffer());
      };
      const policy = { key: `${id} ${status} ${round}`, settings, weights: current };
      const phrase = status === 'done' ? 'at the end' : `as it is now, round ${round}`;
      return { ok: true, choices: [...choices, { policy, round, phrase }] };
    }
    case 'recording': {
      if (recordingFile === undefined || weights.length === 0) break;
      const choices = weights.map((kept) => ({
        policy: {
          key: `${recordingFile} ${kept.round}`,
          settings,
          weights: () => fetchWeights(recordingWeightsPath(recordingFile, kept)),
        },
        round: kept.round,
        phrase: `of round ${kept.round}`,
      }));
      return { ok: true, choices };
    }
    case 'file':
      break;
  }
  return {
    ok: false,
    message:
      'This file has measurements but no weights, so its policy cannot be asked. Open a run that comes with the page, or train one.',
  };
}

const selectId = (run: RunState) => run.id;
const selectSource = (run: RunState) => run.source;
const selectStatus = (run: RunState) => run.status;
const selectSettings = (run: RunState) => run.settings;
const selectWeights = (run: RunState) => run.weights;
const selectRound = (run: RunState) => run.rounds.at(-1)?.round ?? 0;
const selectRecordings = (state: LabState) => state.recordings;
const selectKept = (state: LabState) => state.library.kept;
const none: readonly KeptMoment[] = [];

/** Of the run shown. */
export function usePolicies(): Policies {
  const id = useRun(selectId);
  const source = useRun(selectSource);
  const status = useRun(selectStatus);
  const settings = useRun(selectSettings);
  const weights = useRun(selectWeights);
  const round = useRun(selectRound);
  const recordings = useLab(selectRecordings);
  const moments = useLab(selectKept)[id]?.moments ?? none;
  const actions = useLabActions();
  return useMemo(() => {
    const file =
      source.kind === 'recording' ? recordings.find(({ title }) => title === source.name)?.file : undefined;
    return policiesOf({ id, source, status, settings, weights, round }, file, moments, actions);
  }, [id, source, status, settings, weights, round, recordings, moments, actions]);
}

/** The choice nearest to a round; of several there the last. */
export function nearestPolicy(policies: Policies, round: number): PolicyChoice | null {
  if (!policies.ok) return null;
  const away = (one: PolicyChoice) => Math.abs(one.round - round);
  return policies.choices.reduce<PolicyChoice | null>(
    (best, one) => (best === null || away(one) < away(best) || one.round === best.round ? one : best),
    null,
  );
}
