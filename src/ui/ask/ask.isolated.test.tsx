// @vitest-environment happy-dom
import { act, cleanup, fireEvent, screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunState } from '../../lab/state.ts';
import type { Asker, AskAnswer, Writing } from '../../lab/asking.ts';
import { fakeLab, idleRun, mockBrowser, renderInLab, scoredGroups } from '../testing/lab.tsx';
import { AskBox } from './AskBox.tsx';
import { nearestPolicy, policiesOf } from './policies.ts';

vi.mock('../../lab/browser.ts', () => ({ pageRepl: () => null }));
beforeEach(mockBrowser);
afterEach(cleanup);

const recorded = {
  name: 'Quick, dense',
  status: 'done',
  runSettings: idleRun.settings,
  source: { kind: 'recording', name: 'Quick, dense', recordedAt: '2026-11-28' },
  recordings: [
    {
      file: 'quick-dense.json.gz',
      title: 'Quick, dense',
      description: '',
      arm: 'dense',
      preset: 'quick',
      seed: 1,
    },
  ],
  weights: [2, 12].map((round) => ({ round, file: `round-${round}.safetensors` })),
} as const;

const [written] = scoredGroups(1);
if (written === undefined) throw new Error('No trajectory.');

function fakeAsker() {
  let write: (trajectory: Writing) => void = () => undefined;
  let settle: (answer: AskAnswer) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const ask = vi.fn<Asker['ask']>((_policy, _problem, _seed, told) => {
    write = told;
    return new Promise((resolve, reject) => {
      settle = resolve;
      fail = reject;
    });
  });
  const asker = { ask, stop: vi.fn() };
  return {
    asker,
    write: (trajectory: Writing) => act(async () => write(trajectory)),
    answer: (answer: AskAnswer) => act(async () => settle(answer)),
    fail: (message: string) => act(async () => fail(new Error(message))),
  };
}

const type = (text: string) => {
  const input = screen.getByRole('textbox', { name: 'A problem of your own' });
  fireEvent.change(input, { target: { value: text } });
  fireEvent.keyDown(input, { key: 'Enter' });
};

describe('asking a policy', () => {
  it('says whose policy answers, shows it writing, and whether it was right', async () => {
    const { asker, write, answer } = fakeAsker();
    renderInLab(fakeLab(recorded), <AskBox asker={asker} />);
    expect(screen.getByTestId('ask').textContent).toContain('the policy of Quick, dense');
    type('37 *5 +15');
    const [policy, problem] = asker.ask.mock.calls[0] ?? [];
    expect(policy?.key).toBe('quick-dense.json.gz 12');
    expect(problem?.answer).toBe('200');
    const outcome = () => screen.getByTestId('ask-outcome').textContent;
    expect(outcome()).toContain('Loading the policy of round 12');
    await write({ ...written, tokens: written.tokens.slice(0, 20), lossMask: written.lossMask.slice(0, 20) });
    expect(outcome()).toContain('is writing');
    expect(screen.getByTestId('transcript').textContent).toContain('Writing …');
    fireEvent.click(screen.getByRole('button', { name: 'Stop' }));
    expect(asker.stop).toHaveBeenCalled();
    await answer({ trajectory: written, right: true, stopped: false });
    expect(outcome()).toContain('Right: 200.');
    expect(outcome()).toContain('taught values up to');
    expect(screen.getByRole('button', { name: /What else was likely/ })).toBeDefined();
  });

  it('asks the round that was chosen, and draws problems', async () => {
    const { asker, answer } = fakeAsker();
    renderInLab(fakeLab(recorded), <AskBox asker={asker} />);
    fireEvent.change(screen.getByRole('combobox', { name: /round/ }), {
      target: { value: 'quick-dense.json.gz 2' },
    });
    fireEvent.click(screen.getByRole('button', { name: 'Draw one' }));
    const [policy, problem] = asker.ask.mock.calls[0] ?? [];
    expect(policy?.key).toBe('quick-dense.json.gz 2');
    const input = screen.getByRole<HTMLInputElement>('textbox', { name: 'A problem of your own' });
    expect(input.value).toBe(problem?.question.trim());
    await answer({ trajectory: written, right: false, stopped: false });
    expect(screen.getByTestId('ask-outcome').textContent).toContain(
      `Wrong: the answer is ${problem?.answer}.`,
    );
  });

  it('refuses what it does not understand in a sentence, and asks nothing', () => {
    const { asker } = fakeAsker();
    renderInLab(fakeLab(recorded), <AskBox asker={asker} />);
    type('two plus two');
    expect(screen.getByText(/Write a start and its steps, like “37 \*2 \+15 \/\/4”/)).toBeDefined();
    expect(asker.ask).not.toHaveBeenCalled();
  });

  it('tells what failed', async () => {
    const { asker, fail } = fakeAsker();
    renderInLab(fakeLab(recorded), <AskBox asker={asker} />);
    type('3 +4');
    await fail('The weights of that round are not beside the page.');
    expect(screen.getByTestId('ask-outcome').textContent).toContain('not beside the page');
    expect(screen.getByRole('button', { name: 'Ask' })).toBeDefined();
  });

  it('says what to do where there is no policy to ask', () => {
    renderInLab(fakeLab(), <AskBox asker={fakeAsker().asker} />);
    expect(screen.getByText(/There is no policy yet\. Train a run, or open one/)).toBeDefined();
    cleanup();
    const source = { kind: 'file', name: 'mine.json', recordedAt: '' } as const;
    renderInLab(fakeLab({ ...recorded, source, weights: [] }), <AskBox asker={fakeAsker().asker} />);
    expect(screen.getByText(/measurements but no weights/)).toBeDefined();
  });
});

describe('the policies that can be asked', () => {
  it('are the live one as it is now, by its own weights', async () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const file = { name: 'x', blob: new Blob([bytes]) };
    const live = { ...idleRun, id: 'run-1', status: 'running' as const, round: 7 };
    const keptWeights = () => Promise.reject(new Error('a test'));
    const policies = policiesOf(live, undefined, [], {
      exportWeights: () => Promise.resolve(file),
      keptWeights,
    });
    const choice = nearestPolicy(policies, 3);
    expect(choice?.phrase).toBe('as it is now, round 7');
    expect(await choice?.policy.weights()).toEqual(bytes);
    const none = nearestPolicy(
      policiesOf(live, undefined, [], { exportWeights: () => Promise.resolve(null), keptWeights }),
      3,
    );
    await expect(none?.policy.weights()).rejects.toThrow('ask again in a moment');
  });

  it('are those of a live run that this browser kept, too, also when it was interrupted', async () => {
    const place = (phase: 'sft' | 'stage1' | 'evaluation', done: number, round: number) => ({
      phase,
      done,
      round,
    });
    const moments = [
      { number: 1, place: place('sft', 40, 1), words: 'step 40 of the cold start' },
      { number: 2, place: place('sft', 80, 1), words: 'step 80 of the cold start' },
      { number: 3, place: place('stage1', 4, 6), words: 'round 6' },
      { number: 4, place: place('evaluation', 1, 6), words: 'benchmark 1 of the evaluation' },
    ];
    const keptWeights = vi.fn(() => Promise.resolve(Uint8Array.of(9)));
    const actions = { exportWeights: () => Promise.resolve(null), keptWeights };
    const phrases = (status: RunState['status']) => {
      const policies = policiesOf({ ...idleRun, id: 'run-1', status, round: 7 }, undefined, moments, actions);
      return policies.ok ? policies.choices.map(({ phrase }) => phrase) : policies.message;
    };
    const kept = ['of step 40 of the cold start', 'of step 80 of the cold start', 'of round 6'];
    expect(phrases('running')).toEqual([...kept, 'as it is now, round 7']);
    expect(phrases('interrupted')).toEqual(kept);
    const interrupted = { ...idleRun, id: 'run-1', status: 'interrupted' as const, round: 7 };
    const policies = policiesOf(interrupted, undefined, moments, actions);
    expect(nearestPolicy(policies, 2)?.phrase).toBe('of step 80 of the cold start');
    expect(await nearestPolicy(policies, 9)?.policy.weights()).toEqual(Uint8Array.of(9));
    expect(keptWeights).toHaveBeenLastCalledWith('run-1', 3);
    expect(policiesOf(interrupted, undefined, [], actions).ok).toBe(false);
  });

  it('of a recording are found by the round', () => {
    const run = {
      ...idleRun,
      status: 'done' as const,
      round: 12,
      weights: recorded.weights,
      source: recorded.source,
    };
    const policies = policiesOf(run, 'quick-dense.json.gz', [], {
      exportWeights: () => Promise.resolve(null),
      keptWeights: () => Promise.reject(new Error('a test')),
    });
    expect([0, 6, 8].map((round) => nearestPolicy(policies, round)?.round)).toEqual([2, 2, 12]);
  });
});
