/**
 * The state of a run that has not begun: what the page shows of the form, and what every other run's state starts from.
 */
import { phaseViews } from '../record/phases.ts';
import { RunSeries } from '../record/runSeries.ts';
import { emptyRun } from '../record/runView.ts';
import type { RunSettings } from '../train/settings.ts';
import type { EngineProbe } from './engineProbe.ts';
import { firstLabel, plainName } from './runLabels.ts';
import type { BareRunState, FormState, RunState } from './state.ts';

export function idleRun(id: string, settings: RunSettings, presetName: string): BareRunState {
  const { phases, ...view } = emptyRun(settings);
  return {
    ...view,
    id,
    settings,
    presetName,
    phases: phaseViews(phases, 0),
    status: 'idle',
    requested: null,
    source: { kind: 'live' },
    parent: null,
    replay: null,
    engine: null,
    sandbox: null,
    parameters: null,
    boot: null,
    failure: null,
    checkpoint: null,
    secondsLeft: null,
    elapsedSeconds: 0,
    tokensPerSecond: 0,
    series: new RunSeries().view(),
  };
}

/** The run that the form describes, on the engine that the probe has found; the same object until one of them changes. */
export class PlannedRun {
  #state: RunState | null = null;

  state(
    { settings, presetName }: Pick<FormState, 'settings' | 'presetName'>,
    { engine, failure }: Pick<EngineProbe, 'engine' | 'failure'>,
  ): RunState {
    let state = this.#state;
    if (state === null || state.settings !== settings || state.presetName !== presetName)
      state = {
        ...idleRun('planned', settings, presetName),
        ...firstLabel(plainName(presetName, settings), settings, []),
      };
    if (state.engine !== engine || state.failure !== failure) state = { ...state, engine, failure };
    return (this.#state = state);
  }
}
