/**
 * The list of runs as rows: which settings tell them apart, how each stands, its numbers at the end, and their order.
 *
 * Invariant (runRows.test.ts): what is said of the settings is found by comparing all runs of the list; nothing is said where they agree.
 */
import { formField, getSetting, settingPaths } from '../../recipes/formModel.ts';
import type { LibraryView, RunParent, RunState } from '../../lab/state.ts';
import { formatDuration } from '../app/format.ts';

export const columns = ['name', 'state', 'calls', 'reward', 'heldOut'] as const;
export type Column = (typeof columns)[number];

/** Where a run comes from that did not begin by itself. */
export function parentText({ id, name, place }: RunParent): string {
  return id === '' ? `begun from the weights of “${name}”` : `forked from “${name}” at ${place}`;
}

export interface RunOrder {
  readonly column: Column;
  readonly descending: boolean;
}

export interface RunRow {
  readonly run: RunState;
  /** Settings in which the runs differ, with this run's values: “Seed 7”. */
  readonly differs: readonly string[];
  readonly state: string;
  /** Tool calls per trajectory, newest. */
  readonly calls: number | null;
  /** Reward of the newest round, 0..1. */
  readonly reward: number | null;
  /** Accuracy on held-out problems of the same range, long budget, 0..1. */
  readonly heldOut: number | null;
}

/** Settings in which not all runs agree, in the form's order. */
export function differingSettings(runs: readonly Pick<RunState, 'settings'>[]): readonly string[] {
  return settingPaths.filter((path) => new Set(runs.map((run) => getSetting(run.settings, path))).size > 1);
}

/** As many of them as a row has room for. */
export function differingText(differs: readonly string[]): string {
  const most = 6;
  if (differs.length <= most) return differs.join(' · ');
  const told = differs.slice(0, most - 1);
  return `${told.join(' · ')} · and ${differs.length - told.length} more, under Compare`;
}

/** Pinned ones first in any order. @param order null for the list's own: the newest first */
export function runRows(
  runs: readonly RunState[],
  library: Pick<LibraryView, 'elsewhere'>,
  order: RunOrder | null,
): readonly RunRow[] {
  const paths = differingSettings(runs);
  const rows = runs.map((run) => ({
    run,
    differs: paths.map(
      (path) => `${formField(path)?.title ?? path} ${String(getSetting(run.settings, path))}`,
    ),
    state: stateWords(run, library.elsewhere.includes(run.id)),
    calls: run.series.latest['tool_use/avg_tool_calls_per_trajectory'] ?? null,
    reward: run.series.latest['critic/score/mean'] ?? null,
    heldOut: heldOutAccuracy(run),
  }));
  return rows
    .reverse()
    .sort(
      (a, b) => Number(b.run.pinned) - Number(a.run.pinned) || (order === null ? 0 : compare(a, b, order)),
    );
}

/** Of the final evaluation; of the baseline nothing is said, since it is not the run's end. */
function heldOutAccuracy({ benchmarks }: RunState): number | null {
  const found = benchmarks.find(
    ({ phase, benchmark, budget }) => phase === 'evaluation' && benchmark === 'inRange' && budget === 'long',
  );
  return found?.meanAtK ?? null;
}

/** How a run stands, in words. */
export function stateWords(run: RunState, elsewhere: boolean): string {
  if (run.source.kind === 'recording') return 'recorded';
  if (run.source.kind === 'file') return 'opened from a file';
  if (elsewhere) return 'in another tab';
  switch (run.status) {
    case 'idle':
      return 'not started';
    case 'starting':
      return 'starting';
    case 'running':
      return run.secondsLeft === null ? 'training' : `training, ${formatDuration(run.secondsLeft)} left`;
    case 'paused':
      return 'paused';
    case 'done':
      return `done in ${formatDuration(run.elapsedSeconds)}`;
    case 'failed':
      return 'failed';
    case 'interrupted':
      return run.checkpoint === null
        ? 'interrupted early'
        : `interrupted, kept up to round ${run.checkpoint.round}`;
  }
}

/** Rows without a number come last, either way. */
function compare(a: RunRow, b: RunRow, { column, descending }: RunOrder): number {
  const sign = descending ? -1 : 1;
  switch (column) {
    case 'name':
      return sign * a.run.name.localeCompare(b.run.name, 'en', { numeric: true });
    case 'state':
      return sign * a.state.localeCompare(b.state, 'en');
    case 'calls':
    case 'reward':
    case 'heldOut': {
      const [x, y] = [a[column], b[column]];
      if (x === null || y === null) return Number(x === null) - Number(y === null);
      return sign * (x - y);
    }
  }
}

/** Bytes in words: “3.2 MB”. */
export function formatBytes(bytes: number): string {
  const megabytes = bytes / 1e6;
  if (megabytes >= 1000) return `${(megabytes / 1000).toFixed(1)} GB`;
  return `${megabytes < 10 ? megabytes.toFixed(1) : Math.round(megabytes)} MB`;
}
