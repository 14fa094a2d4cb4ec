// @vitest-environment happy-dom
import { act, cleanup, fireEvent, screen, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failureView } from '../../lab/failures.ts';
import { shownRun } from '../../lab/state.ts';
import { fakeLab, idleRun, mockBrowser, renderInLab, type LabChange } from '../testing/lab.tsx';
import { defaultSettings, type RunSettings } from '../../recipes/formModel.ts';
import { EngineBadge } from '../topbar/EngineBadge.tsx';
import { RunControls } from '../topbar/RunControls.tsx';
import { EngineMemory } from '../topbar/EngineMemory.tsx';
import { Notices } from './Notices.tsx';

beforeEach(mockBrowser);
afterEach(cleanup);

const checkpoint = { phase: 'stage1', done: 3, round: 14 } as const;

function show(change: LabChange) {
  const lab = fakeLab({ status: 'failed', ...change });
  renderInLab(
    lab,
    <>
      <RunControls />
      <Notices onShowSettings={() => undefined} />
    </>,
  );
  return lab;
}

describe('a run that failed', () => {
  it.each(['device-lost', 'engine', 'numerics', 'trainer', 'sandbox'] as const)(
    'offers one button, to go on from its checkpoint: %s',
    (source) => {
      const lab = show({ checkpoint, failure: failureView(source, 'it stopped', checkpoint) });
      const notice = screen.getByTestId('failure');
      expect(notice.textContent).toContain('It stopped. The run is safe up to round 14. ');
      const buttons = within(notice).getAllByRole('button', { name: /^(?!Dismiss)/ });
      expect(buttons.map((button) => button.textContent)).toEqual(['Go on from round 14']);
      fireEvent.click(within(notice).getByText('Go on from round 14'));
      expect(lab.actions.resume).toHaveBeenCalledOnce();
      expect(lab.actions.train).not.toHaveBeenCalled();
    },
  );

  it('goes on from the bar too, also when the notice has been dismissed', () => {
    const lab = show({ checkpoint });
    fireEvent.click(screen.getByRole('button', { name: 'Go on' }));
    expect(lab.actions.resume).toHaveBeenCalledOnce();
  });

  it('begins again where there is no checkpoint', () => {
    const lab = show({ failure: failureView('device-lost', 'it stopped') });
    fireEvent.click(within(screen.getByTestId('failure')).getByRole('button', { name: 'Train again' }));
    expect(lab.actions.train).toHaveBeenCalledOnce();
  });

  it('offers its last good state at half the rate after numbers that are none', () => {
    const failure = failureView('numerics', 'The loss is NaN.', checkpoint);
    const lab = show({ checkpoint, failure });
    const { id, settings } = shownRun(lab.getState());
    const moments = [3, 4].map((number) => ({ number, place: checkpoint, words: `round 1${number}` }));
    const { library } = lab.getState();
    act(() => lab.set({ library: { ...library, kept: { [id]: { bytes: 1, moments } } } }));
    fireEvent.click(screen.getByTestId('slower'));
    const half = settings.grpo.learningRate / 2;
    expect(screen.getByTestId('slower').textContent).toBe(`Go on from round 14 at half the rate (${half})`);
    expect(lab.actions.forkRun).toHaveBeenCalledExactlyOnceWith(id, 4, 'grpo.learningRate', half);
  });

  it('says after numbers that are none that a lower learning rate helps', () => {
    show({ checkpoint, failure: failureView('numerics', 'The loss is NaN.', checkpoint) });
    expect(screen.getByTestId('failure').textContent).toMatch(/lower learning rate/);
  });
});

describe('a slow engine', () => {
  const engine = { adapter: 'a processor', isSoftware: true, reason: 'So it is.' };
  const byName = (backend: RunSettings['run']['backend']) => ({
    settings: { ...defaultSettings, run: { ...defaultSettings.run, backend } },
  });

  it('is no notice where our kernels run on the processor', () => {
    show({ status: 'idle', engine: { ...engine, engine: 'simd', backend: 'wasm', threads: 2 } });
    expect(screen.queryByTestId('device-notice')).toBeNull();
  });

  it('that was asked for by name is told, with the fastest one a click away', () => {
    const lab = show({
      status: 'idle',
      ...byName('wgsl'),
      engine: { ...engine, engine: 'wgsl', backend: 'webgpu' },
    });
    const notice = screen.getByTestId('device-notice');
    expect(notice.textContent).toContain('imitated on the processor');
    fireEvent.click(within(notice).getByRole('button', { name: 'Use the fastest' }));
    expect(lab.actions.setSetting).toHaveBeenCalledExactlyOnceWith('run.backend', 'auto');
  });

  it('that is the only one is told, with what helps', () => {
    show({ status: 'idle', engine: { ...engine, engine: 'tfjs', backend: 'wasm' } });
    expect(screen.getByTestId('device-notice').textContent).toContain('A current Chrome');
  });
});

describe('the engine’s badge', () => {
  it.each([
    ['simd', 'wasm', 'processor, relaxed SIMD, 2 threads', 2, 'simd2 threads'],
    ['simd', 'wasm', 'processor, plain SIMD, 1 thread', 1, 'simd1 thread'],
    [
      'wgsl',
      'webgpu',
      'google swiftshader SwiftShader Device (Subzero)',
      undefined,
      'WebGPUgoogle swiftshader SwiftShader Device',
    ],
    ['tfjs', 'wasm', 'one CPU core', undefined, 'WebAssemblyone CPU core'],
  ] as const)('of %s on %s, %s', (name, backend, adapter, threads, text) => {
    renderInLab(
      fakeLab({ engine: { engine: name, backend, adapter, threads, isSoftware: true, reason: 'So it is.' } }),
      <EngineBadge />,
    );
    expect(screen.getByTestId('engine-badge').textContent).toBe(text);
  });
});

describe('the engine’s badge beside a recorded run', () => {
  it('tells what runs here, not what ran there', () => {
    const [engine, there] = [
      { engine: 'simd', backend: 'wasm', adapter: 'processor', threads: 2, isSoftware: true, reason: '' },
      { engine: 'wgsl', backend: 'webgpu', adapter: 'A big card', isSoftware: false, reason: '' },
    ] as const;
    const here = { ...idleRun, engine };
    const source = { kind: 'recording', name: 'Theirs', recordedAt: '2026-11-22T12:00:00.000Z' } as const;
    const lab = fakeLab();
    const state = {
      ...lab.getState(),
      planned: here,
      runs: [{ ...idleRun, id: 'r', source, engine: there }],
      focus: 'r',
    };
    renderInLab({ ...lab, getState: () => state }, <EngineBadge />);
    expect(screen.getByTestId('engine-badge').textContent).toBe('simd2 threads');
  });
});

describe('the memory plan', () => {
  it('is the sum and its parts, in megabytes', () => {
    const parts = [
      { name: 'Training', bytes: 1.5 * 2 ** 20 },
      { name: 'Rollouts', bytes: 200 * 2 ** 20 },
    ];
    renderInLab(
      fakeLab(),
      <dl>
        <EngineMemory parts={parts} />
      </dl>,
    );
    const text = screen.getByTestId('engine-memory').textContent;
    expect(text).toBe('202 MB planned on the GPUTraining1.5 MBRollouts200 MB');
  });
});
