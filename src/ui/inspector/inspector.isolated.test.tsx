// @vitest-environment happy-dom
import { act, cleanup, fireEvent, screen, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LabStore, RunState } from '../../lab/state.ts';
import type { RoundView, ScoredTrajectory } from '../../record/runView.ts';
import { exampleProbe } from '../../record/testing/exampleProbe.ts';
import { decodeTokens, encodeText, tokenIds } from '../../tasks/vocabulary.ts';
import { fakeLab, idleRun, mockBrowser, renderInLab, scoredGroups } from '../testing/lab.tsx';
import { groupsOf, mostTellingGroup } from './groups.ts';
import { Inspector } from './Inspector.tsx';
import { SampleList } from './SampleList.tsx';
import { passes, sorted } from './rows.ts';
import { Transcript } from './Transcript.tsx';

const runAgain = vi.hoisted(() => vi.fn(() => Promise.resolve({ kind: 'ok', output: '74\n' })));
vi.mock('../../lab/browser.ts', () => ({ pageRepl: () => ({ runAgain }) }));

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

  it('tells what the update did to a token, with a dash for what is not defined', () => {
    const first = trajectory.lossMask.indexOf(1);
    const objective = idleRun.settings.grpo;
    const show = (sample: ScoredTrajectory, hasAdvantage: boolean) => {
      cleanup();
      renderInLab(
        fakeLab(),
        <Transcript trajectory={sample} author="policy" learned={{ sample, objective, hasAdvantage }} />,
      );
      fireEvent.mouseOver(document.querySelector(`[data-token="${first}"]`)!);
      return screen.getByTestId('token-detail').textContent;
    };
    const logProbsNow = trajectory.logProbs.map((value) => value + Math.log(1.4));
    expect(
      show({ ...trajectory, update: { logProbsNow, lossTokens: 4000, lossWeight: 2000 } }, true),
    ).toMatch(/now p = 70%.*ratio 1.40clip highadvantage \+1share of the loss 0.050%/);
    expect(show(trajectory, false)).toMatch(
      /now p = –now log p = –ratio –clip –advantage –share of the loss –/,
    );
  });

  it('marks a call that was never closed, and counts none', () => {
    const prompt = trajectory.lossMask.indexOf(1);
    const head = [...trajectory.tokens.slice(0, prompt), tokenIds.toolCall, ...encodeText('3*4')];
    const tokens = Int32Array.from(head);
    const lossMask = Uint8Array.from(tokens, (_, i) => (i < prompt ? 0 : 1));
    const logProbs = new Float32Array(tokens.length);
    const cut = { ...trajectory, tokens, lossMask, logProbs, calls: [], stop: 'context' as const };
    renderInLab(fakeLab(), <Transcript trajectory={cut} author="policy" />);
    expect(screen.getByTestId('transcript').textContent).toContain('never closed: nothing ran');
    expect(screen.queryByRole('button', { name: /Run this cell again/ })).toBeNull();
  });

  it('marks the call before which Python lost what earlier ones had left', () => {
    const calling = scoredGroups(8).find(({ calls }) => calls.length > 1);
    if (calling === undefined) throw new Error('No calls.');
    const calls = calling.calls.map((one, i) =>
      i === 1 ? { ...one, result: { ...one.result, stateLost: true as const } } : one,
    );
    renderInLab(fakeLab(), <Transcript trajectory={{ ...calling, calls }} author="policy" />);
    const marked = screen.getAllByText(/Python lost what earlier ones had left/);
    expect(marked).toHaveLength(1);
    expect(marked[0]?.closest('li')?.textContent).toContain(calls[1]?.code);
    cleanup();
    const rows = [{ ...calling, calls }, calling].map((trajectory, i) => ({
      ...{ key: `${i}`, name: `Sample ${i}`, trajectory },
    }));
    renderInLab(
      fakeLab(),
      <SampleList label="Samples" rows={rows} chosen={null} column="advantage" onPick={() => undefined} />,
    );
    const [lost, whole] = screen.getAllByRole('button');
    expect(lost?.getAttribute('aria-label')).toMatch(/, Python lost variables on the way$/);
    expect(lost?.textContent).toContain('state lost');
    expect(whole?.textContent).not.toContain('state lost');
  });

  it('runs a cell again, after the cells before it', async () => {
    const calling = scoredGroups(8).find(({ calls }) => calls.length > 1);
    if (calling === undefined) throw new Error('No calls.');
    renderInLab(fakeLab(), <Transcript trajectory={calling} author="policy" />);
    const buttons = screen.getAllByRole('button', { name: /^Run this cell again/ });
    expect(buttons).toHaveLength(calling.calls.length);
    fireEvent.click(buttons[1]!);
    expect(await screen.findByText('again: 74')).toBeDefined();
    expect(runAgain).toHaveBeenCalledWith(calling.calls.slice(0, 2).map(({ code }) => code));
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
    const shown = () => screen.getByTestId('round-shown').textContent;
    await act(async () => lab.set({ rounds: [roundOf(0), roundOf(1)] }));
    expect(shown()).toContain('Round 1');
    fireEvent.click(screen.getByTestId('sample-1'));
    await act(async () => lab.set({ rounds: [roundOf(1), roundOf(2)] }));
    expect(shown()).toContain('Round 1');
    fireEvent.click(screen.getByRole('switch', { name: 'Follow' }));
    expect(shown()).toContain('Round 2');
  });

  it('moves through the kept rounds by its slider', () => {
    const rounds = [0, 1, 2, 3].map(roundOf);
    renderInLab(fakeLab({ status: 'running', runSettings: run, rounds }), <Inspector />);
    const slider = screen.getByRole('slider', { name: 'Round' });
    expect(slider.getAttribute('aria-valuetext')).toContain('Round 3');
    fireEvent.change(slider, { target: { value: '1' } });
    expect(screen.getByTestId('round-shown').textContent).toContain('Round 1');
    fireEvent.click(screen.getByRole('button', { name: 'Earlier round' }));
    expect(slider.getAttribute('aria-valuetext')).toContain('Round 0');
  });

  it('filters and sorts, in a group and in the whole round', () => {
    const trajectories = scoredGroups(3).map((one, i) =>
      i === 3 ? { ...one, stop: 'context' as const } : one,
    );
    const rounds: RoundView[] = [{ round: 4, phase: 'stage1', trajectories }];
    renderInLab(fakeLab({ status: 'running', runSettings: run, rounds }), <Inspector />);
    const shown = () =>
      within(screen.getByRole('list', { name: /^Samples/ }))
        .queryAllByRole('button')
        .map((row) => row.getAttribute('data-testid'));
    expect(shown()).toEqual(['sample-0', 'sample-1', 'sample-2', 'sample-3']);
    fireEvent.click(screen.getByRole('radio', { name: 'Right 2' }));
    expect(shown()).toEqual(['sample-0', 'sample-1']);
    fireEvent.click(screen.getByRole('radio', { name: 'Cut off 1' }));
    expect(shown()).toEqual(['sample-3']);
    fireEvent.click(screen.getByRole('radio', { name: 'All 4' }));
    expect(sorted(trajectories, 'calls').map(({ calls }) => calls.length)).toEqual(
      trajectories.map(({ calls }) => calls.length).toSorted((a, b) => b - a),
    );
    expect(sorted(trajectories, 'sampled')).toEqual(trajectories);
    expect(trajectories.filter((one) => passes(one, 'wrong'))).toHaveLength(6);
  });

  it('has a dash where no advantage is defined', () => {
    const rounds: RoundView[] = [{ ...roundOf(1), phase: 'evaluation' }];
    renderInLab(fakeLab({ status: 'running', runSettings: run, rounds }), <Inspector />);
    const [first] = screen.getAllByTestId(/^sample-/);
    expect(first?.getAttribute('aria-label')).not.toContain('advantage');
    expect(first?.textContent).toContain('–');
  });

  it('shows one problem in every round, beside another run that was asked it', () => {
    const lab = fakeLab({
      status: 'done',
      runSettings: run,
      rounds: [roundOf(0)],
      probe: exampleProbe('sparse'),
    });
    const one = lab.getState().runs[0];
    if (one === undefined) throw new Error('No run.');
    const other: RunState = { ...one, id: 'run-2', presetName: 'dense', probe: exampleProbe('dense') };
    const state = { ...lab.getState(), runs: [one, other] };
    const both: LabStore = { ...lab, getState: () => state };
    renderInLab(both, <Inspector />);
    fireEvent.click(screen.getByRole('radio', { name: 'Same problem' }));
    expect(screen.getByTestId('round-shown').textContent).toContain('Round 28');
    const stacks = () => screen.getAllByRole('list', { name: 'This problem, round by round' });
    expect(within(stacks()[0]!).getAllByRole('button')).toHaveLength(21);
    fireEvent.change(screen.getByRole('combobox', { name: 'Beside it' }), { target: { value: 'run-2' } });
    expect(stacks()).toHaveLength(2);
    const callsOf = (stack: HTMLElement) =>
      within(stack).getAllByRole('button').at(-1)?.getAttribute('aria-label');
    expect(callsOf(stacks()[0]!)).toContain(', 0 calls');
    expect(callsOf(stacks()[1]!)).toMatch(/, [4-6] calls/);
    fireEvent.click(within(stacks()[1]!).getAllByRole('button')[2]!);
    expect(screen.getByTestId('round-shown').textContent).toContain('Round 10');
    expect(screen.getAllByTestId('transcript')).toHaveLength(2);
  });

  it('lets a pick go while a replay stands before it', async () => {
    const evaluated: RoundView = { ...roundOf(2), phase: 'evaluation' };
    const lab = fakeLab({ status: 'running', runSettings: run, rounds: [roundOf(1), roundOf(2), evaluated] });
    renderInLab(lab, <Inspector />);
    const shown = () => screen.getByTestId('round-shown').textContent;
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
    expect(screen.getByTestId('round-shown').textContent).toContain('Round 0');
  });
});
