// @vitest-environment happy-dom
import { act, cleanup, fireEvent, screen, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { speedTestReportMessage, fakeSpeedTest } from '../../lab/testing/speedTest.ts';
import { fakeLab, mockBrowser, renderInLab } from '../testing/lab.tsx';
import { Speed } from './Speed.tsx';

beforeEach(mockBrowser);
afterEach(cleanup);

const runButton = () => screen.getByRole<HTMLButtonElement>('button', { name: 'Run the speed test' });

describe('the speed test’s panel', () => {
  it('times the policies that were chosen', () => {
    const { runner, newest } = fakeSpeedTest();
    renderInLab(fakeLab(), <Speed runner={runner} />);
    fireEvent.click(screen.getByRole('checkbox', { name: 'nano' }));
    fireEvent.click(runButton());
    expect(newest().received[0]?.presets).toEqual(['mini', 'nano']);
    act(() => newest().say({ type: 'progress', doing: 'nano, GRPO: timing tfjs', share: 0.5 }));
    expect(screen.getByRole('status').textContent).toBe('50%, nano, GRPO: timing tfjs');
    expect(screen.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('50');
    expect(screen.getByRole<HTMLInputElement>('checkbox', { name: 'small' }).disabled).toBe(true);
  });

  it('asks for at least one policy', () => {
    renderInLab(fakeLab(), <Speed runner={fakeSpeedTest().runner} />);
    fireEvent.click(screen.getByRole('checkbox', { name: 'mini' }));
    expect(runButton().disabled).toBe(true);
  });

  it('shows speeds with their spread, ratios, calls, targets and what the adapter is', () => {
    const { runner, newest } = fakeSpeedTest();
    renderInLab(fakeLab(), <Speed runner={runner} />);
    fireEvent.click(runButton());
    act(() => newest().say(speedTestReportMessage));
    const training = screen.getByTestId('speed-mini-sft');
    expect(training.dataset['ratio']).toBe('2');
    expect(training.textContent).toMatch(/4 seq., 450 tokens \*1,000900–1,100500450–5502×/);
    expect(screen.getByTestId('speed-mini-rollout').textContent).toContain('40×');
    const calls = screen.getByRole('table', { name: 'What a step of mini costs', hidden: true });
    expect(within(calls).getAllByRole('row', { hidden: true })).toHaveLength(5);
    const targets = within(screen.getByRole('list', { name: 'Targets' })).getAllByRole('listitem');
    expect(targets.map(({ dataset }) => dataset['reached'])).toEqual(['false', 'true']);
    const report = screen.getByTestId('speed-report').textContent;
    expect(report).toMatch(/say nothing about a graphics card/);
    expect(report).toMatch(/llvmpipe.*2 GFLOP\/s.*6 GB\/s.*mini SFT step 25%/);
    expect(report).toContain('A note.');
    expect(screen.getByRole('button', { name: 'Copy as Markdown' })).toBeDefined();
  });

  it('keeps what it has when it is stopped, and when its tab was left', () => {
    const { runner, newest } = fakeSpeedTest();
    const { unmount } = renderInLab(fakeLab(), <Speed runner={runner} />);
    fireEvent.click(runButton());
    act(() => newest().say(speedTestReportMessage));
    fireEvent.click(screen.getByRole('button', { name: 'Stop' }));
    expect(newest().terminated).toBe(true);
    unmount();
    renderInLab(fakeLab(), <Speed runner={runner} />);
    expect(screen.getByRole('status').textContent).toMatch(/^Stopped/);
    expect(screen.getByTestId('speed-mini-sft')).toBeDefined();
  });

  it('waits for a run to end, and gives way to one that starts', () => {
    const { runner, newest } = fakeSpeedTest();
    const lab = fakeLab({ status: 'running' });
    renderInLab(lab, <Speed runner={runner} />);
    expect(runButton().disabled).toBe(true);
    expect(screen.getByText(/A run is under way/)).toBeDefined();
    act(() => lab.set({ status: 'done' }));
    fireEvent.click(runButton());
    act(() => lab.set({ status: 'starting' }));
    expect(newest().terminated).toBe(true);
    expect(screen.getByRole('status').textContent).toMatch(/A run has started/);
  });

  it('says why it failed', () => {
    const { runner, newest } = fakeSpeedTest();
    renderInLab(fakeLab(), <Speed runner={runner} />);
    fireEvent.click(runButton());
    act(() => newest().say({ type: 'failed', message: 'This browser has no WebGPU.' }));
    expect(screen.getByRole('status').textContent).toBe('This browser has no WebGPU.');
    expect(runButton().disabled).toBe(false);
  });
});
