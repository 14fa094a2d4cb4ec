import { describe, expect, it } from 'vitest';
import { withSetting } from '../../recipes/formModel.ts';
import type { RunState } from '../../lab/state.ts';
import { idleRun } from '../testing/lab.tsx';
import { differingSettings, differingText, formatBytes, runRows, stateWords } from './runRows.ts';

const nowhere = { elsewhere: [] };
function run(id: string, change: Partial<RunState> = {}): RunState {
  return { ...idleRun, id, name: id, status: 'done', elapsedSeconds: 90, ...change };
}
const withReward = (id: string, reward: number) =>
  run(id, { series: { ...idleRun.series, latest: { 'critic/score/mean': reward } } });
const names = (rows: ReturnType<typeof runRows>) => rows.map((row) => row.run.id);

describe('the rows', () => {
  it('say in which settings the runs differ, found by comparing them', () => {
    const other = withSetting(withSetting(idleRun.settings, 'run.seed', 7), 'grpo.callBonus', 0.1);
    const runs = [run('a'), run('b', { settings: other })];
    expect(differingSettings(runs)).toEqual(['run.seed', 'grpo.callBonus']);
    expect(runRows(runs, nowhere, null).map(({ differs }) => differs)).toEqual([
      ['Seed 7', 'Bonus for calling 0.1'],
      ['Seed 1', 'Bonus for calling 0'],
    ]);
    expect(differingSettings([run('a'), run('b')])).toEqual([]);
    const six = ['A 1', 'B 2', 'C 3', 'D 4', 'E 5', 'F 6'];
    expect(differingText(six)).toBe('A 1 · B 2 · C 3 · D 4 · E 5 · F 6');
    expect(differingText([...six, 'G 7'])).toBe('A 1 · B 2 · C 3 · D 4 · E 5 · and 2 more, under Compare');
  });

  it('stand newest first, or as a person sorts them, without numbers last; pinned ones before all others', () => {
    const runs = [run('a'), withReward('b', 0.2), withReward('c', 0.9)];
    expect(names(runRows(runs, nowhere, null))).toEqual(['c', 'b', 'a']);
    expect(names(runRows(runs, nowhere, { column: 'reward', descending: true }))).toEqual(['c', 'b', 'a']);
    expect(names(runRows(runs, nowhere, { column: 'reward', descending: false }))).toEqual(['b', 'c', 'a']);
    expect(names(runRows(runs, nowhere, { column: 'name', descending: false }))).toEqual(['a', 'b', 'c']);
    const pinned = [run('a', { pinned: true }), withReward('b', 0.2), withReward('c', 0.9)];
    expect(names(runRows(pinned, nowhere, null))).toEqual(['a', 'c', 'b']);
    expect(names(runRows(pinned, nowhere, { column: 'reward', descending: true }))).toEqual(['a', 'c', 'b']);
  });

  it('say how a run stands', () => {
    const checkpoint = { phase: 'stage1', done: 4, round: 12 } as const;
    expect(stateWords(run('a', { status: 'interrupted', checkpoint }), false)).toBe(
      'interrupted, kept up to round 12',
    );
    expect(stateWords(run('a', { status: 'interrupted' }), true)).toBe('in another tab');
    expect(stateWords(run('a'), false)).toBe('done in 1 min 30 s');
  });
});

it.each([
  [0, '0.0 MB'],
  [3_210_000, '3.2 MB'],
  [48_000_000, '48 MB'],
  [2_500_000_000, '2.5 GB'],
])('%d bytes are %s', (bytes, words) => expect(formatBytes(bytes)).toBe(words));
