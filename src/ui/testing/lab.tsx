/**
 * For tests only: a lab without a trainer, whose state a test sets by hand, and the page's providers around a component.
 */
import type { ReactNode } from 'react';
import { MantineProvider } from '@mantine/core';
import { configure, fireEvent, render, screen, within, type RenderResult } from '@testing-library/react';
import { vi, type Mock } from 'vitest';
import type { ScoredTrajectory } from '../../record/runView.ts';
import { plannedPhases, phaseViews } from '../../record/phases.ts';
import { presetSettings } from '../../recipes/presets.ts';
import { shownRun, type LabActions, type LabState, type LabStore, type RunState } from '../../lab/state.ts';
import { chainTask, faultless, teach } from '../../tasks/testing/teacher.ts';
import { LabProvider } from '../app/lab.tsx';
import { cssVariables, theme } from '../app/theme.ts';

const quickSettings = presetSettings('quick');

/** The run that the form describes. */
export const idleRun: RunState = {
  id: 'planned',
  status: 'idle',
  requested: null,
  source: { kind: 'live' },
  parent: null,
  name: 'Quick, dense cold start, seed 1',
  note: '',
  colour: 1,
  dash: 1,
  visible: true,
  pinned: false,
  replay: null,
  settings: quickSettings,
  presetName: 'quick',
  engine: {
    engine: 'tfjs',
    backend: 'webgpu',
    adapter: 'test adapter',
    isSoftware: false,
    reason: 'The test says so.',
  },
  sandbox: null,
  parameters: null,
  boot: null,
  failure: null,
  checkpoint: null,
  phases: phaseViews(plannedPhases(quickSettings), 0),
  secondsLeft: null,
  elapsedSeconds: 0,
  tokensPerSecond: 0,
  series: { rounds: [], sft: [], latest: {}, histograms: [] },
  rounds: [],
  probe: null,
  weights: [],
  curation: null,
  promptFilter: null,
  benchmarks: [],
  collapse: { reference: null, threshold: null, alarm: null, rule: 'Below 2 for 10 steps.' },
};

export const idleState: LabState = {
  settings: quickSettings,
  presetName: 'quick',
  settingProblems: [],
  runs: [],
  focus: null,
  deleted: [],
  library: { status: 'open', message: null, kept: {}, storage: null, unfinished: [], elsewhere: [] },
  planned: idleRun,
  recordings: [],
  opening: null,
  studies: [],
  study: null,
  notices: [],
};

/** What a test says of the run shown and of the lab around it; the run's own settings are told from the form's by name. */
export type LabChange = Partial<Omit<RunState, 'settings' | 'presetName'>> &
  Partial<Omit<LabState, 'runs' | 'focus' | 'planned'>> & { readonly runSettings?: RunState['settings'] };

/** The lab after a change; a run that is idle is the one that the form describes. */
function changed(before: LabState, { runSettings, ...change }: LabChange): LabState {
  const about = (keys: readonly string[]) =>
    Object.fromEntries(Object.entries(change).filter(([key]) => keys.includes(key)));
  const state: LabState = { ...before, ...about(Object.keys(before)) };
  const { settings, presetName } = state;
  const former = shownRun(before);
  const own = former.status === 'idle' ? { settings, presetName } : {};
  const given = runSettings === undefined ? {} : { settings: runSettings };
  const run: RunState = { ...former, ...own, ...about(runKeys), ...given };
  if (run.status === 'idle') return { ...state, runs: [], focus: null, planned: { ...run, id: 'planned' } };
  const id = run.id === 'planned' ? 'run-1' : run.id;
  return { ...state, runs: [{ ...run, id }], focus: id };
}

const runKeys = Object.keys(idleRun).filter((key) => key !== 'settings' && key !== 'presetName');

type FakeActions = { readonly [Name in keyof LabActions]: Mock<LabActions[Name]> };

export interface FakeLab extends LabStore {
  readonly actions: FakeActions;
  set(change: LabChange): void;
}

export function fakeLab(change: LabChange = {}): FakeLab {
  let state = changed(idleState, change);
  const listeners = new Set<(state: LabState, previous: LabState) => void>();
  return {
    getState: () => state,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    set: (next) => {
      const previous = state;
      state = changed(state, next);
      for (const listener of listeners) listener(state, previous);
    },
    actions: {
      train: vi.fn(),
      pause: vi.fn(),
      resume: vi.fn(),
      step: vi.fn(),
      reset: vi.fn(),
      startRuns: vi.fn(() => []),
      focusRun: vi.fn(),
      pauseRun: vi.fn(),
      resumeRuns: vi.fn(),
      forkRun: vi.fn(() => Promise.resolve(null)),
      stopRun: vi.fn(),
      dismissUnfinished: vi.fn(),
      renameRun: vi.fn(),
      noteRun: vi.fn(),
      pinRun: vi.fn(),
      showRun: vi.fn(),
      deleteRun: vi.fn(),
      undoDelete: vi.fn(),
      forgetDeleted: vi.fn(),
      applyPreset: vi.fn(),
      setSetting: vi.fn(),
      adoptRunSettings: vi.fn(),
      dismissNotice: vi.fn(),
      dismissFailure: vi.fn(),
      exportRun: vi.fn(() => null),
      exportWeights: vi.fn(() => Promise.resolve(null)),
      keptWeights: vi.fn(() => Promise.reject(new Error('a test'))),
      exportModel: vi.fn(() => Promise.resolve(null)),
      exportData: vi.fn(() => Promise.resolve(null)),
      beginFromModel: vi.fn(() => Promise.resolve()),
      openFile: vi.fn(() => Promise.resolve()),
      openStudy: vi.fn(() => Promise.resolve()),
      closeStudy: vi.fn(),
      openRecording: vi.fn(() => Promise.resolve(null)),
      playReplay: vi.fn(),
      pauseReplay: vi.fn(),
      seekReplay: vi.fn(),
    },
  };
}

export function renderInLab(lab: LabStore, children: ReactNode): RenderResult {
  return render(
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} env="test">
      <LabProvider store={lab}>{children}</LabProvider>
    </MantineProvider>,
  );
}

/** Opens a chart's sheet and returns its table. */
export function openTable(chart: string): HTMLElement {
  const figure = within(screen.getByTestId(`chart-${chart}`));
  fireEvent.click(figure.getByRole('button', { name: /^More of / }));
  fireEvent.click(screen.getByRole('menuitem', { name: 'Larger, with a table' }));
  return within(screen.getByTestId(`sheet-${chart}`)).getByRole('table');
}

export function closeTable(): void {
  fireEvent.click(within(screen.getByRole('dialog')).getByRole('button', { name: /^Close / }));
}

/** What happy-dom lacks and the page asks for, and a screen of one kind. */
export function mockBrowser(): void {
  configure({ asyncUtilTimeout: 15_000 }); // on a busy machine a dialog takes its time
  vi.stubGlobal('matchMedia', (query: string) => ({
    matches: false,
    media: query,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  }));
  // A menu's dropdown is not drawn here when the focus should go into it: Mantine says so, with the whole tree of its component.
  const { console: given } = globalThis;
  const warn = (...words: unknown[]) => {
    if (!String(words[0]).startsWith('[@mantine/hooks/use-focus-trap]')) given.warn(...words);
  };
  vi.stubGlobal('console', Object.assign(Object.create(given) as Console, { warn }));
  Object.defineProperty(document, 'fonts', { configurable: true, value: new EventTarget() });
}

/** Groups of four samples with real trajectories of the teacher, as if a policy had sampled them: the first two right. */
export function scoredGroups(groups: number, seed = 1): ScoredTrajectory[] {
  return teach(chainTask, faultless, groups, seed).flatMap(({ trajectory }, prompt) =>
    [0, 1, 2, 3].map((sample) => ({
      ...trajectory,
      logProbs: trajectory.logProbs.map((_, i) => (trajectory.lossMask[i] === 1 ? Math.log(0.5) : 0)),
      reward: sample < 2 ? 1 : 0,
      advantage: sample < 2 ? 1 : -1,
      prompt,
      sample,
    })),
  );
}
