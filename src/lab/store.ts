/**
 * The lab's store: the form, the run and its files, put together behind one state and one list of actions.
 *
 * Invariants. (1) The state is immutable and changes by whole snapshots (`snapshots.ts`). (2) A wrong value, file or address never
 * reaches the state; it becomes a sentence. (3) Every failure ends in a state from which Train and Reset work
 * (`runLife.ts`). (4) No React, no Worker, no DOM here: see `environment.ts`.
 */
import { validateSettings } from '../train/validate.ts';
import type { LabEnvironment } from './environment.ts';
import { RunFiles } from './runFiles.ts';
import { SettingsForm } from './settingsForm.ts';
import { presetOf } from '../recipes/presets.ts';
import { RunLife } from './runController.ts';
import { Replay } from './replay.ts';
import { RecordedRuns } from './recordings.ts';
import { idleState } from './session.ts';
import { Snapshots } from './snapshots.ts';
import type { LabActions, LabStore } from './state.ts';
import { parseUrl } from '../recipes/urlState.ts';

export function createLabStore(environment: LabEnvironment): LabStore {
  const { settings, presetName, notices } = parseUrl(environment.address.read());
  const snapshots: Snapshots = new Snapshots(
    environment,
    {
      ...idleState(settings),
      ...{ settings, presetName, notices, settingProblems: validateSettings(settings) },
      ...{ study: null, recordings: [], opening: null },
    },
    () => run.shown,
  );
  const run: RunLife = new RunLife(environment, snapshots);
  const form = new SettingsForm(environment, snapshots, run);
  const files = new RunFiles(environment, snapshots, run);
  const recorded = new RecordedRuns(environment, snapshots, run);
  const replay = new Replay(environment, snapshots, run);
  if (notices.length > 0) form.writeAddress();
  run.probe();
  void recorded.list();
  return {
    getState: () => snapshots.state,
    subscribe: (listener) => snapshots.store.subscribe(listener),
    actions: {
      ...createActions(snapshots, run, form, files),
      openRecording: (file) => recorded.open(file),
      playReplay: () => replay.play(),
      pauseReplay: () => replay.pause(),
      seekReplay: (frame) => replay.seek(frame),
    },
  };
}

type RecordedActions = 'openRecording' | 'playReplay' | 'pauseReplay' | 'seekReplay';

function createActions(
  snapshots: Snapshots,
  run: RunLife,
  form: SettingsForm,
  files: RunFiles,
): Omit<LabActions, RecordedActions> {
  return {
    train: () => run.train(),
    pause: () => run.command('pause', ['starting', 'running']),
    resume: () => run.resume(),
    step: () => run.step(),
    reset: () => run.reset(),
    applyPreset: (name) => form.applyPreset(name),
    setSetting: (path, value) => form.set(path, value),
    adoptRunSettings: () => {
      if (run.session === null) return;
      const { settings, presetName } = run.session;
      form.fill(settings, presetOf(settings, presetName));
    },
    dismissNotice: (index) =>
      snapshots.now({ notices: snapshots.state.notices.filter((_, i) => i !== index) }),
    dismissFailure: () => snapshots.now({ failure: null }),
    exportRun: () => files.exportRun(),
    exportCheckpoint: () => files.exportWeights(),
    openFile: (file, name) => files.open(file, name),
    closeStudy: () => snapshots.now({ study: null }),
  };
}
