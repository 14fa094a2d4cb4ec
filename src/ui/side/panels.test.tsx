// @vitest-environment happy-dom
import { act, cleanup, fireEvent, screen, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BenchmarkResult } from '../../record/runView.ts';
import { curate } from '../../curation/curate.ts';
import { withSetting } from '../../recipes/formModel.ts';
import { chainTask, faultless, teach } from '../../tasks/testing/teacher.ts';
import { fakeLab, idleState, mockBrowser, renderInLab } from '../testing/lab.tsx';
import { Benchmarks } from '../benchmarks/Benchmarks.tsx';
import { Curation } from '../curation/Curation.tsx';
import { SettingsForm } from '../settings/SettingsForm.tsx';

beforeEach(mockBrowser);
afterEach(cleanup);

describe('curation', () => {
  const pool = teach(chainTask, { ...faultless, slipRate: 0.1, badCallRate: 0.1 }, 150).map(
    ({ trajectory }) => trajectory,
  );
  // `curate` draws its order from a generator, which the page has no business with: this one leaves the order alone.
  const inOrder = {
    fork: () => ({ shuffle: (items: readonly unknown[]) => [...items] }),
  } as unknown as Parameters<typeof curate>[2];
  const set = curate(pool, { ...idleState.settings.curation, size: 20 }, inOrder);

  it('accounts for the whole pool', () => {
    renderInLab(fakeLab({ curation: set }), <Curation />);
    const value = (id: string) => Number(screen.getByTestId(id).dataset['value']);
    const reasons = ['wrongAnswer', 'failedCall', 'otherBin', 'surplus'];
    expect(value('curated')).toBe(20);
    expect(reasons.reduce((sum, reason) => sum + value(`dropped-${reason}`), 20)).toBe(150);
    const rows = within(screen.getByRole('table')).getAllByRole('row').slice(1);
    const column = (index: number) =>
      rows.reduce((sum, row) => sum + Number(row.children[index]?.textContent), 0);
    expect([column(2), column(3)]).toEqual([150, 20]);
  });

  it('lets a person read what was kept and what was dropped', () => {
    renderInLab(fakeLab({ curation: set }), <Curation />);
    expect(screen.getByText('1 of 20')).toBeDefined();
    fireEvent.click(screen.getByRole('button', { name: 'Next trajectory' }));
    expect(screen.getByText('2 of 20')).toBeDefined();
    fireEvent.click(screen.getByTestId('dropped-failedCall'));
    expect(screen.getByRole('region', { name: 'Dropped: a call failed' })).toBeDefined();
    expect(screen.getByTestId('transcript').textContent).toMatch(/raised|not run/);
  });
});

describe('benchmarks', () => {
  const result = (phase: BenchmarkResult['phase'], meanAtK: number): BenchmarkResult => ({
    phase,
    benchmark: 'longer',
    budget: 'long',
    context: 200,
    calls: 50,
    k: 4,
    problems: 64,
    meanAtK,
    passAtK: 0.9,
    toolCalls: 5,
    truncated: 0.1,
    responseLength: 80,
  });

  it('shows the newest result and what reinforcement learning changed', () => {
    const lab = fakeLab({ benchmarks: [result('baseline', 0.5)] });
    renderInLab(lab, <Benchmarks />);
    const row = screen.getByTestId('benchmark-long-longer');
    expect(row.textContent).toContain('Longer chains50%before');
    act(() => lab.set({ benchmarks: [result('baseline', 0.5), result('evaluation', 0.75)] }));
    expect(row.dataset['value']).toBe('0.75');
    expect(row.textContent).toContain('75%+25 pts');
    expect(screen.getByTestId('benchmark-short-longer').dataset['value']).toBe('');
  });

  it('reports the always-solved filter', () => {
    const promptFilter = { prompts: 100, visited: 80, dropped: 30, added: 40, solvedHistogram: [10, 40, 30] };
    renderInLab(fakeLab({ promptFilter }), <Benchmarks />);
    expect(screen.getByTestId('prompt-filter').textContent).toMatch(
      /100 prompts.*visited 80; 30 .*40 longer/,
    );
    expect(screen.getByRole('img', { name: /2 right, 30 prompts/ })).toBeDefined();
    cleanup();
    const mix = { otherLength: 10, spare: 20, filled: 5 };
    renderInLab(fakeLab({ promptFilter: { ...promptFilter, ...mix } }), <Benchmarks />);
    expect(screen.getByTestId('prompt-filter').textContent).toContain(
      'Stage 2 takes 40 of the others, 5 fresh ones of the same lengths and 40 longer prompts.',
    );
  });
});

describe('settings', () => {
  const search = (text: string) =>
    fireEvent.change(screen.getByRole('textbox', { name: 'Search the settings' }), {
      target: { value: text },
    });

  it('finds a setting, sets it, and lets a person finish typing', () => {
    const lab = fakeLab();
    renderInLab(lab, <SettingsForm />);
    search('clip high');
    const field = within(screen.getByTestId('setting-grpo.clipHigh')).getByRole<HTMLInputElement>('textbox');
    fireEvent.change(field, { target: { value: '0.2' } });
    expect(lab.actions.setSetting).toHaveBeenCalledWith('grpo.clipHigh', 0.2);
    expect(field.value).toBe('0.2'); // though the fake store still holds 0.28
  });

  it('marks what differs from the preset and leads back to it', () => {
    const lab = fakeLab({ settings: withSetting(idleState.settings, 'grpo.groupSize', 16) });
    renderInLab(lab, <SettingsForm />);
    fireEvent.click(screen.getByRole('switch', { name: 'Changed (1)' }));
    expect(screen.getAllByTestId(/^setting-/)).toHaveLength(1);
    expect(screen.getByTestId('setting-grpo.groupSize').dataset['changed']).toBe('true');
    fireEvent.click(screen.getByRole('button', { name: /^Set Group size G back to 8/ }));
    expect(lab.actions.setSetting).toHaveBeenCalledWith('grpo.groupSize', 8);
  });

  it('shows a problem at its field', () => {
    const settingProblems = [{ path: 'stage1.context', message: 'The context is too short.' }];
    renderInLab(fakeLab({ settingProblems }), <SettingsForm />);
    search('stage 1 context');
    expect(screen.getByTestId('setting-stage1.context').textContent).toContain('The context is too short.');
  });

  it('says that a run keeps its own settings, and offers them', () => {
    const lab = fakeLab({ status: 'done', runSettings: withSetting(idleState.settings, 'run.seed', 7) });
    renderInLab(lab, <SettingsForm />);
    expect(screen.getByText(/are for the next run/)).toBeDefined();
    fireEvent.click(screen.getByRole('button', { name: 'Use those of the run shown' }));
    expect(lab.actions.adoptRunSettings).toHaveBeenCalledOnce();
  });
});
