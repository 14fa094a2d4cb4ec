// @vitest-environment jsdom
import { act, cleanup, fireEvent, screen, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RoundView } from '../../record/runView.ts';
import { decodeTokens } from '../../tasks/vocabulary.ts';
import { fakeLab, idleRun, mockBrowser, renderInLab, scoredGroups } from '../testing/lab.tsx';
import { groupsOf, mostTellingGroup } from './groups.ts';
import { Inspector } from './Inspector.tsx';
import { Transcript } from './Transcript.tsx';

beforeEach(mockBrowser);
afterEach(cleanup);

const roundOf = (round: number): RoundView => ({
  round,
  phase: 'stage1',
  trajectories: scoredGroups(3, round + 1),
});

describe('groups of a round', () => {
  it('are the samples of a prompt, in order, with their count of right ones', () => {
    const groups = groupsOf(scoredGroups(3).toReversed());
    expect(groups.map(({ right, samples }) => [right, samples.map(({ sample }) => sample)])).toEqual([
      [2, [0, 1, 2, 3]],
      [2, [0, 1, 2, 3]],
      [2, [0, 1, 2, 3]],
    ]);
  });

  it('opens with one that teaches something', () => {
    const dead = scoredGroups(2).map((trajectory) =>
      trajectory.prompt === 0 ? { ...trajectory, reward: 1 } : trajectory,
    );
    expect(mostTellingGroup(groupsOf(dead))?.prompt).toBe(1);
    expect(mostTellingGroup([])).toBeUndefined();
  });
});

describe('the transcript', () => {
  const [trajectory] = scoredGroups(1);
  if (trajectory === undefined) throw new Error('No trajectory.');

  it('holds every token’s real text, and says which part is what', () => {
    renderInLab(fakeLab(), <Transcript trajectory={trajectory} author="policy" />);
    const transcript = screen.getByTestId('transcript');
    const spans = [...transcript.querySelectorAll('[data-token]')];
    expect(spans.map(({ textContent }) => textContent).join('')).toBe(decodeTokens(trajectory.tokens));
    expect(transcript.textContent).toMatch(/Prompt: .*Answer: /s);
    expect(transcript.textContent).toContain('Ended by itself.');
  });

  it('tells of each token whether it was sampled, and how likely it was', () => {
    renderInLab(fakeLab(), <Transcript trajectory={trajectory} author="policy" />);
    const tokens = screen.getByRole('group', { name: /arrow keys/ });
    fireEvent.keyDown(tokens, { key: 'ArrowRight' });
    expect(screen.getByTestId('token-detail').textContent).toMatch(/<\|im_start\|>token 1 of \d+forced/);
    const first = trajectory.lossMask.indexOf(1);
    const span = document.querySelector(`[data-token="${first}"]`);
    if (span === null) throw new Error('The first sampled token is not there.');
    fireEvent.mouseOver(span);
    expect(screen.getByTestId('token-detail').textContent).toContain('sampledp = 50%log p = −0.693');
  });

  it('has no probabilities to tell where the teacher wrote', () => {
    renderInLab(fakeLab(), <Transcript trajectory={trajectory} author="teacher" />);
    const tokens = screen.getByRole('group', { name: /arrow keys/ });
    for (let i = 0; i <= trajectory.lossMask.indexOf(1); i++)
      fireEvent.keyDown(tokens, { key: 'ArrowRight' });
    expect(screen.getByTestId('token-detail').textContent).toContain('written by the teacher');
  });

  it('says what really happened to a call that failed', () => {
    const calling = scoredGroups(8).find(({ calls }) => calls.length > 0);
    const [first, ...others] = calling?.calls ?? [];
    if (calling === undefined || first === undefined) throw new Error('No call.');
    const calls = [{ ...first, result: { kind: 'timeout' as const, deadlineMs: 250 } }, ...others];
    renderInLab(fakeLab(), <Transcript trajectory={{ ...calling, calls }} author="policy" />);
    expect(screen.getByText('stopped after 250 ms')).toBeDefined();
  });
});

describe('the inspector', () => {
  const run = idleRun.settings;

  it('says what will be here before there is anything', () => {
    renderInLab(fakeLab(), <Inspector />);
    expect(screen.getByRole('heading', { name: 'No rollouts yet' })).toBeDefined();
  });

  it('shows a sample’s reward, calls and advantage in words, and opens the one picked', () => {
    renderInLab(fakeLab({ status: 'running', runSettings: run, rounds: [roundOf(0)] }), <Inspector />);
    const samples = within(screen.getByRole('list', { name: 'Samples of this group' })).getAllByRole(
      'button',
    );
    expect(samples.map((sample) => sample.getAttribute('aria-pressed'))).toEqual([
      'true',
      'false',
      'false',
      'false',
    ]);
    expect(samples[2]?.getAttribute('aria-label')).toMatch(/^Sample 3: wrong, \d+ calls?, advantage -1$/);
    fireEvent.click(samples[2] as HTMLElement);
    expect(samples[2]?.getAttribute('aria-pressed')).toBe('true');
  });

  it('follows the newest round until something is picked, then stays, and follows again when asked', async () => {
    const lab = fakeLab({ status: 'running', runSettings: run, rounds: [roundOf(0)] });
    renderInLab(lab, <Inspector />);
    const shown = () => screen.getByRole<HTMLInputElement>('combobox', { name: 'Round' }).value;
    await act(async () => lab.set({ rounds: [roundOf(0), roundOf(1)] }));
    expect(shown()).toContain('Round 1');
    fireEvent.click(screen.getByTestId('sample-1'));
    await act(async () => lab.set({ rounds: [roundOf(1), roundOf(2)] }));
    expect(shown()).toContain('Round 1');
    fireEvent.click(screen.getByRole('switch', { name: 'Follow' }));
    expect(shown()).toContain('Round 2');
  });

  it('lets a pick go while a replay stands before it', async () => {
    const evaluated: RoundView = { ...roundOf(2), phase: 'evaluation' };
    const lab = fakeLab({ status: 'running', runSettings: run, rounds: [roundOf(1), roundOf(2), evaluated] });
    renderInLab(lab, <Inspector />);
    const shown = () => screen.getByRole<HTMLInputElement>('combobox', { name: 'Round' }).value;
    fireEvent.click(screen.getByTestId('sample-1'));
    expect(shown()).toContain('Evaluation');
    await act(async () => lab.set({ rounds: [roundOf(1), roundOf(2)] }));
    expect(shown()).toMatch(/Round 2 .*stage 1/);
    await act(async () => lab.set({ rounds: [roundOf(1)] }));
    expect(shown()).toContain('Round 1');
  });

  it('forgets a pick with its run', async () => {
    const lab = fakeLab({ status: 'running', runSettings: run, rounds: [roundOf(5)] });
    renderInLab(lab, <Inspector />);
    fireEvent.click(screen.getByTestId('sample-1'));
    await act(async () => lab.set({ id: 'run-2', rounds: [roundOf(0)] }));
    expect(screen.getByRole<HTMLInputElement>('combobox', { name: 'Round' }).value).toContain('Round 0');
  });
});
