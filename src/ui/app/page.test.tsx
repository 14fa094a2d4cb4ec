// @vitest-environment happy-dom
import { act, cleanup, fireEvent, render, screen, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BenchmarkResult } from '../../record/runView.ts';
import { App } from './App.tsx';
import { ErrorBoundary } from './ErrorBoundary.tsx';
import { fakeLab, idleRun, mockBrowser, renderInLab, scoredGroups } from '../testing/lab.tsx';

beforeEach(mockBrowser);
afterEach(cleanup);

const page = () => screen.getByTestId('lab');
const press = (key: string, target: Element = document.body) => fireEvent.keyDown(target, { key });

describe('the page before a run', () => {
  it('says what will happen, shows the zone’s rule and one button that trains', () => {
    const lab = fakeLab();
    render(<App store={lab} />);
    expect(page().dataset['status']).toBe('idle');
    expect(page().dataset['round']).toBe('');
    expect(screen.getByRole('heading', { name: /keep using its tool/ })).toBeDefined();
    expect(screen.getByTestId('collapse-rule').textContent).toContain('Below 2 for 10 steps.');
    fireEvent.click(screen.getByRole('button', { name: 'Train' }));
    expect(lab.actions.train).toHaveBeenCalledOnce();
  });

  it('names engine, device and reason', async () => {
    render(<App store={fakeLab()} />);
    const badge = screen.getByTestId('engine-badge');
    expect(badge.textContent).toContain('WebGPU');
    fireEvent.click(badge);
    expect(await screen.findByText('The test says so.')).toBeDefined();
  });

  it('does not train settings that cannot run, and says why', () => {
    const lab = fakeLab({ settingProblems: [{ path: 'stage1.context', message: 'Too short a context.' }] });
    render(<App store={lab} />);
    const button = screen.getByTestId('run-primary');
    expect(button.getAttribute('aria-disabled')).toBe('true');
    fireEvent.click(button);
    expect(lab.actions.train).not.toHaveBeenCalled();
    expect(screen.getByTestId('setting-problems').textContent).toContain('Too short a context.');
  });
});

describe('Space', () => {
  it('starts a run, but never throws away a finished one', () => {
    const lab = fakeLab();
    render(<App store={lab} />);
    press(' ');
    expect(lab.actions.train).toHaveBeenCalledOnce();
    act(() => lab.set({ status: 'done' }));
    press(' ');
    expect(lab.actions.train).toHaveBeenCalledOnce();
  });
});

describe('the page during a run', () => {
  const running = { status: 'running', runSettings: idleRun.settings } as const;

  it('turns the one button into Pause and Resume', () => {
    const lab = fakeLab(running);
    render(<App store={lab} />);
    fireEvent.click(screen.getByRole('button', { name: 'Pause' }));
    expect(lab.actions.pause).toHaveBeenCalledOnce();
    act(() => lab.set({ status: 'paused' }));
    fireEvent.click(screen.getByRole('button', { name: 'Resume' }));
    expect(lab.actions.resume).toHaveBeenCalledOnce();
  });

  it('waits for a pause that the trainer has not reached yet', () => {
    const lab = fakeLab({ ...running, requested: 'pause' });
    render(<App store={lab} />);
    fireEvent.click(screen.getByTestId('run-primary'));
    expect(lab.actions.pause).not.toHaveBeenCalled();
  });

  it('tells status, phase and round in its root, and numbers in its tiles', () => {
    const phases = idleRun.phases.map((phase) =>
      phase.name === 'stage1' ? { ...phase, status: 'active' as const, done: 3, total: 60 } : phase,
    );
    const series = { ...idleRun.series, rounds: [{ x: 11 }], latest: { 'critic/score/mean': 0.625 } };
    render(<App store={fakeLab({ ...running, phases, series })} />);
    expect(page().dataset).toMatchObject({ status: 'running', phase: 'stage1', round: '11' });
    expect(screen.getByTestId('tile-reward').dataset['value']).toBe('0.625');
    expect(screen.getByTestId('tile-calls').dataset['value']).toBe('');
    const bar = within(screen.getByTestId('phase-stage1')).getByRole('progressbar');
    expect(bar.getAttribute('aria-valuenow')).toBe('5');
    expect(bar.getAttribute('aria-valuetext')).toContain('3/60');
  });

  it('says when the alarm was given, and what it goes by when asked', async () => {
    const collapse = { ...idleRun.collapse, threshold: 2, alarm: { round: 28, density: 0.4 } };
    render(<App store={fakeLab({ ...running, collapse })} />);
    expect(screen.getByTestId('collapse-alarm').textContent).toContain('round 28: 0.40 calls');
    fireEvent.click(screen.getByRole('button', { name: 'What the alarm goes by' }));
    expect((await screen.findByTestId('collapse-rule')).textContent).toContain('Below 2 for 10 steps.');
    cleanup();
    const since = { ...collapse, alarm: { round: 25, since: 13, density: 0.4 } };
    render(<App store={fakeLab({ ...running, collapse: since })} />);
    expect(screen.getByTestId('collapse-alarm').textContent).toContain(
      'left the zone’s edge at round 13, confirmed at round 25: 0.40 calls',
    );
  });

  it('gives a held-out accuracy with its error and how many problems it is of', () => {
    const result: BenchmarkResult = {
      ...({
        phase: 'baseline',
        benchmark: 'inRange',
        budget: 'long',
        context: 200,
        calls: 50,
        k: 4,
      } as const),
      ...{ problems: 48, meanAtK: 0.5, passAtK: 0.9, toolCalls: 1, truncated: 0, responseLength: 9 },
      standardError: 0.045,
    };
    const other = { ...result, temperature: 5, meanAtK: 0.1 };
    render(<App store={fakeLab({ ...running, benchmarks: [result, other] })} />);
    const tile = screen.getByTestId('tile-accuracy');
    expect(tile.dataset['value']).toBe('0.5');
    expect(tile.textContent).toContain('Held-out, before50%± 4.5, n 48');
  });

  it('says how much of a rising reward is only fewer cut-offs', () => {
    const rounds = Array.from({ length: 12 }, (_, i) => ({
      x: i + 1,
      'critic/score/mean': i < 6 ? 0.2 : 0.45,
      'response_length/clip_ratio': i < 6 ? 0.6 : 0.1,
    }));
    const phases = idleRun.phases.map((phase) =>
      phase.name === 'stage1' ? { ...phase, status: 'active' as const, round: 0 } : phase,
    );
    render(<App store={fakeLab({ ...running, phases, series: { ...idleRun.series, rounds } })} />);
    const story = screen.getByTestId('reward-story').textContent;
    expect(story).toContain(
      'right 20% to 45% (+25 pts). Of that +25 pts because fewer are cut off (60% to 10%)',
    );
    expect(story).toContain('and ±0 from the others’ answers');
  });

  it('listens to the keyboard where the focus means nothing else', async () => {
    const lab = fakeLab(running);
    render(<App store={lab} />);
    press(' ');
    expect(lab.actions.pause).toHaveBeenCalledOnce();
    press('.');
    expect(lab.actions.step).toHaveBeenCalledOnce();
    press(' ', screen.getByRole('button', { name: 'Step' }));
    press('?', screen.getByRole('textbox', { name: 'Seed' }));
    expect(screen.queryByRole('dialog', { name: 'Help' })).toBeNull();
    press('.', screen.getByRole('textbox', { name: 'Seed' }));
    expect(lab.actions.pause).toHaveBeenCalledOnce();
    expect(lab.actions.step).toHaveBeenCalledOnce();
    press('?', screen.getByRole('button', { name: 'Step' }));
    expect(await screen.findByRole('dialog', { name: 'Help' })).toBeDefined();
  });

  it('follows the run to its rollouts until a person chooses a panel', async () => {
    const lab = fakeLab(running);
    render(<App store={lab} />);
    const selected = () => screen.getByRole('tab', { selected: true }).textContent;
    expect(selected()).toBe('Guide');
    await act(async () => lab.set({ rounds: [{ round: 0, phase: 'sft', trajectories: scoredGroups(1) }] }));
    expect(selected()).toBe('Trajectories');
    fireEvent.click(screen.getByRole('tab', { name: 'Benchmarks' }));
    await act(async () => lab.set({ rounds: [{ round: 1, phase: 'sft', trajectories: scoredGroups(1) }] }));
    expect(selected()).toBe('Benchmarks');
  });
});

describe('when something goes wrong', () => {
  it('says what happened and what to do, with a button that does it', () => {
    const lab = fakeLab({
      status: 'failed',
      failure: { source: 'device-lost', message: 'The GPU was lost.', advice: 'Train again.' },
    });
    render(<App store={lab} />);
    const failure = screen.getByTestId('failure');
    expect(failure.textContent).toContain('The GPU was lost. Train again.');
    fireEvent.click(within(failure).getByRole('button', { name: 'Train again' }));
    expect(lab.actions.train).toHaveBeenCalledOnce();
    fireEvent.click(within(failure).getByRole('button', { name: 'Dismiss' }));
    expect(lab.actions.dismissFailure).toHaveBeenCalledOnce();
  });

  it('tells what was corrected, each in its sentence', () => {
    const lab = fakeLab({ notices: ['The seed was wrong.', 'The preset is unknown.'] });
    render(<App store={lab} />);
    expect(screen.getAllByTestId('notice').map(({ textContent }) => textContent)).toEqual([
      'The seed was wrong.',
      'The preset is unknown.',
    ]);
    fireEvent.click(within(screen.getAllByTestId('notice')[1] as HTMLElement).getByRole('button'));
    expect(lab.actions.dismissNotice).toHaveBeenCalledWith(1);
  });

  it('offers a preset of minutes where only TensorFlow.js runs', () => {
    const lab = fakeLab({
      presetName: 'nano',
      engine: { engine: 'tfjs', backend: 'wasm', adapter: 'SIMD', isSoftware: true, reason: '' },
    });
    render(<App store={lab} />);
    fireEvent.click(within(screen.getByTestId('device-notice')).getByRole('button', { name: 'Use Quick' }));
    expect(lab.actions.applyPreset).toHaveBeenCalledWith('quick-sparse');
  });

  it('lets a person leave a start that takes too long', () => {
    const lab = fakeLab({ status: 'starting', boot: { message: 'Loading Python', share: 0.25 } });
    render(<App store={lab} />);
    const boot = screen.getByTestId('boot');
    expect(boot.textContent).toMatch(/Loading Python ?25%/);
    fireEvent.click(within(boot).getByRole('button', { name: 'Cancel' }));
    expect(lab.actions.reset).toHaveBeenCalledOnce();
  });

  it('never leaves a blank page', () => {
    const reported = vi.fn();
    vi.stubGlobal('reportError', reported);
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    let broken = true;
    const Panel = () => {
      if (broken) throw new Error('a fault');
      return <p>drawn</p>;
    };
    renderInLab(
      fakeLab(),
      <ErrorBoundary what="The panel">
        <Panel />
      </ErrorBoundary>,
    );
    expect(screen.getByRole('alert').textContent).toMatch(/The panel could not be drawn.*a fault/);
    expect(reported).toHaveBeenCalledOnce();
    broken = false;
    fireEvent.click(screen.getByRole('button', { name: 'Draw again' }));
    expect(screen.getByText('drawn')).toBeDefined();
  });
});
