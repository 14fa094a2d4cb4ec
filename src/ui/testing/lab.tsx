/**
 * For tests only: a lab without a trainer, whose state a test sets by hand, and the page's providers around a component.
 */
import type { ReactNode } from 'react';
import { MantineProvider } from '@mantine/core';
import { configure, render, type RenderResult } from '@testing-library/react';
import { vi, type Mock } from 'vitest';
import { plannedPhases, phaseViews } from '../../record/phases.ts';
import { defaultSettings } from '../../recipes/formModel.ts';
import type { LabActions, LabState, LabStore, ScoredTrajectory } from '../../lab/state.ts';
import { chainTask, faultless, teach } from '../../tasks/testing/teacher.ts';
import { LabProvider } from '../app/lab.tsx';
import { cssVariables, theme } from '../app/theme.ts';

export const idleState: LabState = {
  status: 'idle',
  requested: null,
  source: { kind: 'live' },
  replay: null,
  study: null,
  recordings: [],
  opening: null,
  settings: defaultSettings,
  runSettings: null,
  presetName: 'mini',
  runPresetName: null,
  notices: [],
  settingProblems: [],
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
  saved: null,
  phases: phaseViews(plannedPhases(defaultSettings), 0),
  secondsLeft: null,
  elapsedSeconds: 0,
  tokensPerSecond: 0,
  series: { version: 0, rounds: [], sft: [], latest: {}, histograms: [] },
  rounds: [],
  curation: null,
  promptFilter: null,
  benchmarks: [],
  collapse: { reference: null, threshold: null, alarm: null, rule: 'Below 2 for 10 steps.' },
};

type FakeActions = { readonly [Name in keyof LabActions]: Mock<LabActions[Name]> };

export interface FakeLab extends LabStore {
  readonly actions: FakeActions;
  set(change: Partial<LabState>): void;
}

export function fakeLab(change: Partial<LabState> = {}): FakeLab {
  let state: LabState = { ...idleState, ...change };
  const listeners = new Set<(state: LabState, previous: LabState) => void>();
  return {
    getState: () => state,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    set: (next) => {
      const previous = state;
      state = { ...state, ...next };
      for (const listener of listeners) listener(state, previous);
    },
    actions: {
      train: vi.fn(),
      pause: vi.fn(),
      resume: vi.fn(),
      step: vi.fn(),
      reset: vi.fn(),
      applyPreset: vi.fn(),
      setSetting: vi.fn(),
      adoptRunSettings: vi.fn(),
      dismissNotice: vi.fn(),
      dismissFailure: vi.fn(),
      exportRun: vi.fn(() => null),
      exportCheckpoint: vi.fn(() => Promise.resolve(null)),
      openFile: vi.fn(() => Promise.resolve()),
      closeStudy: vi.fn(),
      openRecording: vi.fn(() => Promise.resolve()),
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

/** What jsdom lacks and the page asks for. */
export function mockBrowser(): void {
  configure({ asyncUtilTimeout: 15_000 }); // on a busy machine a dialog takes its time
  vi.stubGlobal('matchMedia', (query: string) => ({
    matches: false,
    media: query,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  }));
  vi.stubGlobal(
    'ResizeObserver',
    class {
      observe() {}
      unobserve() {}
      disconnect() {}
    },
  );
  Object.defineProperty(document, 'fonts', { configurable: true, value: new EventTarget() });
  Element.prototype.scrollTo = () => undefined;
  Element.prototype.scrollIntoView = () => undefined;
  HTMLCanvasElement.prototype.getContext = () => null;
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
