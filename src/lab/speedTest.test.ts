import { describe, expect, it } from 'vitest';
import { speedTestReportMessage, fakeSpeedTest } from './testing/speedTest.ts';
import { SpeedTestRunner } from './speedTest.ts';
import type { LabStore, RunState } from './state.ts';

type Status = RunState['status'];

/** As much of the lab as the speed test looks at. */
function labAt(status: Status) {
  const withRun = (now: Status) => ({ runs: now === 'idle' ? [] : [{ status: now }] });
  let state = withRun(status);
  const listeners = new Set<(now: typeof state) => void>();
  const store = {
    getState: () => state,
    subscribe: (listener: (now: typeof state) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  } as unknown as LabStore;
  const become = (next: Status) => {
    state = withRun(next);
    for (const listener of listeners) listener(state);
  };
  return { store, become, listeners };
}

describe('the speed test', () => {
  it('starts a worker, keeps what it reports, and lets it go at the end', () => {
    const { runner, newest } = fakeSpeedTest();
    const lab = labAt('idle');
    runner.start(['mini', 'nano'], lab.store);
    expect(newest().received).toEqual([
      expect.objectContaining({
        type: 'start',
        presets: ['mini', 'nano'],
        works: ['sft', 'grpo', 'rollout'],
      }),
    ]);
    newest().say({ type: 'progress', doing: 'mini, SFT: timing wgsl', share: 0.25 });
    expect(runner.getState()).toMatchObject({ status: 'running', share: 0.25, report: null });
    newest().say(speedTestReportMessage);
    newest().say({ type: 'done' });
    expect(runner.getState()).toMatchObject({ status: 'done', report: speedTestReportMessage.report });
    expect(runner.getState().markdown).toContain('mini, SFT step');
    expect(newest().terminated).toBe(true);
    expect(lab.listeners.size).toBe(0);
  });

  it('keeps what was measured when it is stopped, and hears no more of that worker', () => {
    const { runner, workers, newest } = fakeSpeedTest();
    const lab = labAt('done');
    runner.start(['mini'], lab.store);
    newest().say(speedTestReportMessage);
    runner.stop();
    const stopped = runner.getState();
    expect(stopped).toMatchObject({
      status: 'stopped',
      message: null,
      report: speedTestReportMessage.report,
    });
    workers[0]?.say({ type: 'done' });
    workers[0]?.crash('late');
    expect(runner.getState()).toBe(stopped);
    runner.start(['mini'], lab.store);
    expect(workers).toHaveLength(2);
    expect(runner.getState().report).toBeNull();
  });

  it.each(['starting', 'running', 'paused'] as const)('does not start beside a run that is %s', (status) => {
    const { runner, workers } = fakeSpeedTest();
    runner.start(['mini'], labAt(status).store);
    expect(workers).toHaveLength(0);
    expect(runner.getState().status).toBe('idle');
  });

  it('gives way to a run that starts', () => {
    const { runner, newest } = fakeSpeedTest();
    const lab = labAt('idle');
    runner.start(['mini'], lab.store);
    lab.become('idle');
    expect(runner.getState().status).toBe('running');
    lab.become('starting');
    expect(newest().terminated).toBe(true);
    expect(runner.getState()).toMatchObject({ status: 'stopped' });
    expect(runner.getState().message).toMatch(/A run has started/);
  });

  it('starts once, and only with something to time', () => {
    const { runner, workers } = fakeSpeedTest();
    const lab = labAt('idle');
    runner.start([], lab.store);
    expect(workers).toHaveLength(0);
    runner.start(['mini'], lab.store);
    runner.start(['nano'], lab.store);
    expect(workers).toHaveLength(1);
  });

  it('says why it failed: in the worker, without one, or before there was one', () => {
    const lab = labAt('idle');
    const { runner, newest } = fakeSpeedTest();
    runner.start(['mini'], lab.store);
    newest().say({ type: 'failed', message: 'This browser has no WebGPU.' });
    expect(runner.getState()).toMatchObject({ status: 'failed', message: 'This browser has no WebGPU.' });
    runner.start(['mini'], lab.store);
    newest().crash('out of memory');
    expect(runner.getState().message).toBe('The speed test stopped early: out of memory');
    const without = new SpeedTestRunner({
      createWorker: () => {
        throw new Error('No workers here.');
      },
      date: () => '',
      host: '',
      versions: {},
    });
    without.start(['mini'], lab.store);
    expect(without.getState()).toMatchObject({ status: 'failed', message: 'No workers here.' });
    expect(lab.listeners.size).toBe(0);
  });
});
