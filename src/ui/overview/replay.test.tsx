// @vitest-environment happy-dom
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RecordedEntry } from '../../record/recordedIndex.ts';
import { withSetting } from '../../recipes/formModel.ts';
import { App } from '../app/App.tsx';
import { fakeLab, idleState, mockBrowser } from '../testing/lab.tsx';

beforeEach(mockBrowser);
afterEach(cleanup);

const entry: RecordedEntry = {
  ...{ file: 'sparse.json', title: 'Sparse, quick', description: 'Watch the calls go.' },
  ...{ arm: 'sparse', preset: 'quick-sparse', seed: 1 },
};
const shown = {
  status: 'done',
  source: {
    kind: 'recording',
    name: 'Sparse, quick',
    recordedAt: '2026-11-22T12:00:00.000Z',
    commit: '0123456789abcdef',
  },
  replay: { frame: 11, last: 11, playing: false },
  runSettings: idleState.settings,
} as const;

describe('recorded runs', () => {
  it('are offered before the first run and in the file menu', async () => {
    const lab = fakeLab({ recordings: [entry] });
    render(<App store={lab} />);
    fireEvent.click(screen.getByRole('button', { name: 'Sparse, quick' }));
    expect(lab.actions.openRecording).toHaveBeenCalledWith('sparse.json');
    fireEvent.click(screen.getByRole('button', { name: 'Export or open a run' }));
    fireEvent.click(await screen.findByRole('menuitem', { name: /Sparse, quick/ }));
    expect(lab.actions.openRecording).toHaveBeenCalledTimes(2);
  });

  it('are not mentioned where there are none', async () => {
    render(<App store={fakeLab()} />);
    expect(screen.queryByRole('group', { name: 'Recorded runs' })).toBeNull();
    fireEvent.click(screen.getByRole('button', { name: 'Export or open a run' }));
    await screen.findByRole('menuitem', { name: /Open a run/ });
    expect(screen.queryByText('Recorded runs')).toBeNull();
  });
});

describe('a recorded run', () => {
  it('is always labelled, with where it comes from', () => {
    const lab = fakeLab(shown);
    render(<App store={lab} />);
    const bar = screen.getByTestId('replay');
    for (const words of [
      'Recorded run, not live',
      'Sparse, quick',
      '22 Nov 2026',
      'seed 1',
      'commit 0123456',
    ])
      expect(bar.textContent).toContain(words);
    expect(screen.getByTestId('shown-run').textContent).toContain(
      'recorded on another machine, test adapter',
    );
    expect(screen.getByTestId('run-clock').textContent).toContain('Recorded run');
    act(() => lab.set({ source: { kind: 'live' }, replay: null }));
    expect(screen.queryByTestId('replay')).toBeNull();
  });

  it('is played and stepped through by Space and the full stop', () => {
    const lab = fakeLab({ ...shown, replay: { frame: 4, last: 11, playing: false } });
    render(<App store={lab} />);
    const press = (key: string) => fireEvent.keyDown(document.body, { key });
    press(' ');
    expect(lab.actions.playReplay).toHaveBeenCalledOnce();
    press('.');
    expect(lab.actions.seekReplay).toHaveBeenLastCalledWith(5);
    fireEvent.click(screen.getByRole('button', { name: 'Step' }));
    expect(lab.actions.seekReplay).toHaveBeenCalledTimes(2);
    act(() => lab.set(shown));
    const step = screen.getByRole('button', { name: 'Step' });
    expect(step.getAttribute('aria-disabled'), 'at its end').toBe('true');
    fireEvent.click(step);
    press('.');
    expect(lab.actions.seekReplay).toHaveBeenCalledTimes(2);
    expect(lab.actions.step).not.toHaveBeenCalled();
  });

  it('offers its settings for a run of one’s own, until they are taken', () => {
    const runSettings = withSetting(idleState.settings, 'run.seed', 7);
    const lab = fakeLab({ ...shown, runSettings });
    render(<App store={lab} />);
    fireEvent.click(screen.getByRole('button', { name: 'Use its settings' }));
    expect(lab.actions.adoptRunSettings).toHaveBeenCalledOnce();
    act(() => lab.set({ settings: runSettings }));
    expect(screen.queryByRole('button', { name: 'Use its settings' })).toBeNull();
  });

  it('is played, held, and moved by hand', () => {
    const lab = fakeLab(shown);
    render(<App store={lab} />);
    fireEvent.click(screen.getByRole('button', { name: 'Replay' }));
    expect(lab.actions.playReplay).toHaveBeenCalledOnce();
    act(() => lab.set({ replay: { frame: 4, last: 11, playing: true } }));
    const slider = screen.getByRole<HTMLInputElement>('slider', { name: 'Round shown' });
    expect(slider.value).toBe('4');
    expect(slider.getAttribute('aria-valuetext')).toBe('round 4 of 10');
    fireEvent.click(screen.getByRole('button', { name: 'Pause' }));
    expect(lab.actions.pauseReplay).toHaveBeenCalledOnce();
    fireEvent.change(slider, { target: { value: '7' } });
    expect(lab.actions.seekReplay).toHaveBeenCalledWith(7);
  });
});
