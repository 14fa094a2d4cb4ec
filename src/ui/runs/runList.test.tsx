// @vitest-environment happy-dom
import { cleanup, fireEvent, screen, within } from '@testing-library/react';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { LabState, RunState } from '../../lab/state.ts';
import { fakeLab, idleRun, idleState, mockBrowser, renderInLab } from '../testing/lab.tsx';
import { RunList } from './RunList.tsx';
import { ShownLine } from './ShownLine.tsx';
import { UnfinishedRun } from './UnfinishedRun.tsx';

beforeEach(mockBrowser);
afterEach(cleanup);

const checkpoint = { phase: 'stage1', done: 4, round: 12 } as const;
const live: RunState = { ...idleRun, id: 'a', name: 'Mine', status: 'interrupted', checkpoint };
const recorded: RunState = {
  ...{ ...idleRun, id: 'b', name: 'Theirs', status: 'done', colour: 0, dash: 0 },
  source: { kind: 'recording', name: 'Theirs', recordedAt: '2026-01-01T00:00:00.000Z' },
};

/** A lab with these runs. */
function withRuns(change: Partial<LabState> = {}) {
  const lab = fakeLab();
  const state: LabState = { ...idleState, runs: [live, recorded], focus: 'b', ...change };
  return { ...lab, getState: () => state };
}
const library = { ...idleState.library, storage: { runs: 3_200_000, used: 5e6, room: 2e9 } };

it('lists every run with how it stands, shows one at a click and lets one go on', () => {
  const lab = withRuns();
  renderInLab(lab, <RunList />);
  const [first, second] = screen.getAllByTestId('run-row');
  expect(first?.textContent).toContain('recorded');
  expect(second?.textContent).toContain('interrupted, kept up to round 12');
  fireEvent.click(within(second!).getByRole('button', { name: 'Mine' }));
  expect(lab.actions.focusRun).toHaveBeenCalledWith('a');
  expect(screen.getByRole('button', { name: 'Theirs' }).getAttribute('aria-current')).toBe('true');
  fireEvent.click(screen.getByRole('button', { name: 'Go on with Mine' }));
  expect(lab.actions.resumeRuns).toHaveBeenCalledWith(['a']);
});

it('renames and notes in place; Escape leaves both', async () => {
  const lab = withRuns();
  renderInLab(lab, <RunList />);
  const edit = async () => {
    fireEvent.click(screen.getByRole('button', { name: 'More about Mine' }));
    fireEvent.click(await screen.findByRole('menuitem', { name: /Name and note/ }));
    return screen.getByRole('textbox', { name: 'Name' });
  };
  const name = await edit();
  fireEvent.change(name, { target: { value: 'Ours' } });
  fireEvent.keyDown(name, { key: 'Escape' });
  expect(lab.actions.renameRun).not.toHaveBeenCalled();
  fireEvent.change(await edit(), { target: { value: 'Ours' } });
  fireEvent.submit(screen.getByRole('textbox', { name: 'Name' }).closest('form')!);
  expect(lab.actions.renameRun).toHaveBeenCalledWith('a', 'Ours');
});

it('deletes with a way back, and says what is kept where', async () => {
  const lab = withRuns({ deleted: [{ id: 'c', name: 'Gone' }], library });
  renderInLab(lab, <RunList />);
  expect(screen.getByTestId('deleted').textContent).toContain('“Gone” was deleted.');
  fireEvent.click(screen.getByRole('button', { name: 'Undo' }));
  expect(lab.actions.undoDelete).toHaveBeenCalledOnce();
  expect(screen.getByTestId('storage').textContent).toMatch(/3\.2 MB of runs.*up to 2\.0 GB/);
  fireEvent.click(screen.getByRole('button', { name: 'More about Mine' }));
  fireEvent.click(await screen.findByRole('menuitem', { name: 'Delete' }));
  expect(lab.actions.deleteRun).toHaveBeenCalledWith('a');
});

it('offers an interrupted run once', () => {
  const lab = withRuns({ library: { ...library, unfinished: ['a'] } });
  renderInLab(lab, <UnfinishedRun />);
  expect(screen.getByTestId('unfinished').textContent).toContain('“Mine” was interrupted.');
  fireEvent.click(screen.getByRole('button', { name: 'Go on' }));
  expect(lab.actions.resumeRuns).toHaveBeenCalledWith(['a']);
  fireEvent.click(screen.getByRole('button', { name: 'Dismiss' }));
  expect(lab.actions.dismissUnfinished).toHaveBeenCalledOnce();
});

it('offers several interrupted runs at once, each by itself too; of many the newest', () => {
  const others = ['d', 'e', 'f', 'g'].map((id) => ({ ...live, id, name: `Run ${id}`, checkpoint: null }));
  const runs = [live, ...others];
  const both = withRuns({ runs, library: { ...library, unfinished: ['d', 'gone', 'a'] } });
  renderInLab(both, <UnfinishedRun />);
  const notice = screen.getByTestId('unfinished');
  expect(notice.textContent).toContain('2 runs were interrupted.');
  expect(notice.textContent).toContain('Mine is kept up to round 12');
  expect(notice.textContent).toContain('Run d had not been kept yet and begins again');
  fireEvent.click(screen.getByRole('button', { name: 'Go on with both' }));
  expect(both.actions.resumeRuns).toHaveBeenLastCalledWith(['d', 'a']);
  fireEvent.click(screen.getByRole('button', { name: 'Go on with Mine' }));
  expect(both.actions.resumeRuns).toHaveBeenLastCalledWith(['a']);
  cleanup();

  renderInLab(
    withRuns({ runs, library: { ...library, unfinished: runs.map(({ id }) => id) } }),
    <UnfinishedRun />,
  );
  expect(screen.getAllByRole('listitem')).toHaveLength(4);
  expect(screen.getByTestId('unfinished').textContent).toContain('the other 1 can go on');
  expect(screen.queryByRole('button', { name: /with (both|all)/ })).toBeNull();
});

it('says which run is shown, on whose machine it was made, and what would be trained', () => {
  renderInLab(withRuns(), <ShownLine />);
  const line = screen.getByTestId('shown-run').textContent;
  expect(line).toContain('Theirs');
  expect(line).toContain('recorded on another machine, test adapter');
  expect(line).toContain('Train would start: Quick, dense cold start, seed 1');
  expect(screen.queryByRole('button', { name: 'Train as well' })).toBeNull();
});

it('starts another run beside one that goes on', () => {
  const lab = withRuns({ runs: [{ ...live, status: 'running' }], focus: 'a' });
  renderInLab(lab, <ShownLine />);
  expect(screen.getByTestId('shown-run').textContent).toContain('Your settings: Quick, dense cold start');
  fireEvent.click(screen.getByRole('button', { name: 'Train as well' }));
  expect(lab.actions.train).toHaveBeenCalledOnce();
});
