/**
 * The lab's store: the form, the runs and their files, put together behind one state and one list of actions.
 *
 * A wrong value, file or address never reaches the state; it becomes a sentence. No React, no Worker, no DOM here: what the store needs
 * of the world is handed in (`environment.ts`).
 */
import { presetOf } from '../recipes/presets.ts';
import { parseUrl } from '../recipes/urlState.ts';
import { EngineProbe } from './engineProbe.ts';
import type { LabEnvironment } from './environment.ts';
import { Exports } from './exports.ts';
import { Forks } from './forks.ts';
import { PlannedRun } from './idleRun.ts';
import { ModelRuns } from './modelRuns.ts';
import { Notices } from './notices.ts';
import { RecordedStudies } from './recordedStudies.ts';
import { Recordings } from './recordings.ts';
import { Replay } from './replay.ts';
import { RunController } from './runController.ts';
import { RunFiles } from './runFiles.ts';
import { RunKeeper } from './runKeeper.ts';
import { Runs, type HeldRun } from './runs.ts';
import { SettingsForm } from './settingsForm.ts';
import { Snapshots, type Publisher } from './snapshots.ts';
import type { LabActions, LabStore, RunPlan } from './state.ts';

export function createLabStore(environment: LabEnvironment): LabStore {
  const url = parseUrl(environment.address.read());
  const publisher: Publisher = { now: () => snapshots.now(), later: () => snapshots.later() };
  const notices = new Notices(publisher, url.notices);
  const probe = new EngineProbe(environment, publisher);
  const runs = new Runs(environment, publisher, (text) => notices.add(text));
  const form: SettingsForm = new SettingsForm(environment, url, () => {
    if (runs.focused === null) probe.ask(form.state.settings.run.backend);
  });
  const keeper = new RunKeeper(environment, runs, notices, publisher);
  const models = new ModelRuns(runs, notices);
  const recordings = new Recordings(environment, publisher, runs, notices);
  const files = new RunFiles(environment, runs, keeper, recordings, notices);
  const studies = new RecordedStudies(environment, publisher, files, notices);
  const exports = new Exports(environment, runs, keeper, files, notices);
  const forks = new Forks(environment, runs, keeper, recordings, notices);
  const planned = new PlannedRun();
  const snapshots: Snapshots = new Snapshots(environment, () => ({
    ...form.state,
    ...runs.state,
    ...recordings.state,
    planned: planned.state(form.state, probe),
    library: keeper.state,
    studies: studies.all,
    study: files.study,
    notices: notices.all,
  }));
  if (url.notices.length > 0) form.writeAddress();
  probe.ask(form.state.settings.run.backend);
  void recordings.list();
  void studies.list();
  void keeper.open();
  return {
    getState: () => snapshots.store.getState(),
    subscribe: (listener) => snapshots.store.subscribe(listener),
    actions: createActions({
      ...{ notices, probe, runs, keeper, forks, form },
      ...{ files, exports, models, recordings, studies, snapshots },
    }),
  };
}

interface Parts {
  readonly notices: Notices;
  readonly probe: EngineProbe;
  readonly runs: Runs;
  readonly keeper: RunKeeper;
  readonly forks: Forks;
  readonly form: SettingsForm;
  readonly files: RunFiles;
  readonly exports: Exports;
  readonly models: ModelRuns;
  readonly recordings: Recordings;
  readonly studies: RecordedStudies;
  readonly snapshots: Snapshots;
}

function createActions(parts: Parts): LabActions {
  const { notices, probe, runs, keeper, forks, form } = parts;
  const { files, exports, models, recordings, studies, snapshots } = parts;
  const live = () => (runs.focused instanceof RunController ? runs.focused : null);
  const replay = () => (runs.focused instanceof Replay ? runs.focused : null);
  const startRuns = (plans: readonly RunPlan[]): readonly string[] => {
    const engine = live()?.state.engine ?? probe.engine;
    const started = runs.startTogether(plans.map((plan) => ({ ...plan, engine, link: probe.handOver() })));
    return started.map(({ id }) => id);
  };
  const goOn = (run: HeldRun | null) => {
    if (run?.kind === 'live' && keeper.owns(run.id)) runs.resume(run);
    else if (run !== null) void keeper.goOn(run.id);
  };
  /** Have a kept run's numbers. */
  const open = (run: HeldRun | null) => {
    if (run?.kind === 'kept') void keeper.load(run).then(() => snapshots.now());
  };
  const show = (run: HeldRun | null) => {
    runs.focus(run);
    open(run);
  };
  const resumeRuns = (ids: readonly string[]) => {
    const found = ids.flatMap((id) => runs.find(id) ?? []);
    if (found[0] !== undefined) show(found[0]);
    for (const run of found)
      if (run.state.status === 'done') open(run);
      else goOn(run);
  };
  const train = () => {
    const { settings, presetName, settingProblems } = form.state;
    if (settingProblems.length > 0) return;
    startRuns([{ settings, presetName }]);
  };
  /** What a person does is seen at once. */
  const seen =
    <Arguments extends readonly unknown[]>(act: (...given: Arguments) => void) =>
    (...given: Arguments): void => {
      act(...given);
      snapshots.now();
    };
  return {
    train: seen(train),
    pause: seen(() => live()?.pause()),
    resume: seen(() => goOn(runs.focused)),
    step: seen(() => {
      if (runs.focused === null) train();
      live()?.step();
    }),
    reset: seen(() => {
      live()?.stop();
      runs.focus(null);
      probe.restart(form.state.settings.run.backend);
    }),
    startRuns: (plans) => {
      const ids = startRuns(plans);
      snapshots.now();
      return ids;
    },
    focusRun: seen((id) => show(runs.find(id))),
    pauseRun: seen((id) => runs.findLive(id)?.pause()),
    resumeRuns: seen(resumeRuns),
    forkRun: async (id, moment, path, value) => {
      const fork = await forks.start({ id, moment, path, value }, () => probe.handOver());
      snapshots.now();
      return fork;
    },
    stopRun: seen((id) => runs.findLive(id)?.stop()),
    dismissUnfinished: seen(() => keeper.dismissUnfinished()),
    renameRun: seen((id, name) => runs.rename(id, name)),
    noteRun: seen((id, note) => runs.note(id, note)),
    pinRun: seen((id, pinned) => runs.relabel(id, { pinned })),
    showRun: seen((id, visible) => {
      runs.relabel(id, { visible });
      if (visible) open(runs.find(id));
    }),
    deleteRun: seen((id) => {
      const run = runs.find(id);
      if (run !== null) runs.delete(run);
    }),
    undoDelete: seen(() => runs.undoDelete()),
    forgetDeleted: seen(() => runs.forgetDeleted()),
    applyPreset: seen((name) => form.applyPreset(name)),
    setSetting: seen((path, value) => form.set(path, value)),
    adoptRunSettings: seen(() => {
      if (runs.focused === null) return;
      const { settings, presetName } = runs.focused;
      form.fill(settings, presetOf(settings, presetName));
    }),
    dismissNotice: seen((index) => notices.dismiss(index)),
    dismissFailure: seen(() => (live() ?? probe).dismissFailure()),
    exportRun: () => files.exportRun(),
    exportWeights: async () => {
      const file = await files.exportWeights();
      snapshots.now();
      return file;
    },
    keptWeights: (id, moment) => files.keptWeights(id, moment),
    exportModel: async () => {
      const file = await exports.model();
      snapshots.now();
      return file;
    },
    exportData: async () => {
      const file = await exports.data();
      snapshots.now();
      return file;
    },
    beginFromModel: async (chosen) => {
      await models.begin(chosen, form.state, probe.engine, () => probe.handOver());
      snapshots.now();
    },
    openFile: async (file, name) => {
      await files.open(file, name);
      snapshots.now();
    },
    openStudy: async (file) => {
      await studies.open(file);
      snapshots.now();
    },
    closeStudy: seen(() => files.closeStudy()),
    openRecording: async (file) => {
      const id = await recordings.open(file);
      const run = id === null ? null : runs.find(id);
      if (run?.kind === 'kept') await keeper.load(run);
      snapshots.now();
      return id;
    },
    playReplay: seen(() => replay()?.play()),
    pauseReplay: seen(() => replay()?.pause()),
    seekReplay: seen((frame) => replay()?.seek(frame)),
  };
}
