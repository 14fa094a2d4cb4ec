/**
 * Two runs as a lesson sees them: lines, lengths, answers to the same problems, and the final examination.
 *
 * Invariants (lesson.test.ts). (1) Every number is one of the run's; between two rounds a line is straight. (2) What was not measured is
 * null, never zero. (3) A recording and a live run give the same `StudentRun`.
 */
import type { RecordedRun } from '../../record/recordedRun.ts';
import type { SeriesPoint } from '../../record/metricSeries.ts';
import type { BenchmarkResult, RoundView, RunView, ScoredTrajectory } from '../../record/runView.ts';
import { shareError } from '../../metrics/interaction.ts';
import type { MetricName } from '../../metrics/registry.ts';
import type { RunState } from '../state.ts';
import type { Timeline } from './timeline.ts';

const calls: MetricName = 'tool_use/avg_tool_calls_per_trajectory';
const reward: MetricName = 'critic/score/mean';

/** A metric by round, rising in x. */
export interface Line {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** The policy's answers to the probe's problems, as a round left it. */
export interface Answers {
  readonly round: number;
  readonly trajectories: readonly ScoredTrajectory[];
}

export interface Examination {
  /** Share of held-out problems of the trained kind that were right. */
  readonly accuracy: number;
  /** Standard error; where it was not measured, at most: as if all samples of a problem were alike. */
  readonly error: number;
  readonly problems: number;
  readonly toolCalls: number;
}

export interface StudentRun {
  readonly calls: Line;
  readonly reward: Line;
  readonly timeline: Timeline;
  /** Oldest first. */
  readonly answers: readonly Answers[];
  /** Whether `answers` are to the same problems in every round and in both runs. */
  readonly asked: boolean;
  /** Solutions that the cold start imitated. */
  readonly shown: number | null;
  readonly before: Examination | null;
  readonly after: Examination | null;
}

/** A recording. */
export function recordedStudent({ series, view }: RecordedRun): StudentRun {
  const { x, metrics } = series.rounds;
  const line = (name: MetricName): Line => {
    const column = metrics[name] ?? [];
    const rows = x.flatMap((at, row) => {
      const value = column[row];
      return value === null || value === undefined ? [] : [[at, value] as const];
    });
    return { x: rows.map(([at]) => at), y: rows.map(([, value]) => value) };
  };
  return student(view, line, x.at(-1) ?? 0);
}

/** A run that the lab holds, as far as it has got. */
export function liveStudent(run: RunState): StudentRun {
  const points = run.series.rounds;
  return student(run, (name) => pointsLine(points, name), points.at(-1)?.x ?? 0);
}

function pointsLine(points: readonly SeriesPoint[], name: MetricName): Line {
  const rows = points.flatMap((point) => {
    const value = point[name];
    return value === undefined ? [] : [[point.x, value] as const];
  });
  return { x: rows.map(([at]) => at), y: rows.map(([, value]) => value) };
}

type SeenRun = Pick<RunView, 'rounds' | 'probe' | 'benchmarks' | 'curation'> & {
  readonly phases: readonly { readonly name: string; readonly status: string; readonly round: number }[];
};

function student(view: SeenRun, line: (name: MetricName) => Line, last: number): StudentRun {
  const begun = (name: string) => view.phases.find((one) => one.name === name && one.status !== 'waiting');
  return {
    calls: line(calls),
    reward: line(reward),
    timeline: {
      taught: begun('stage1')?.round ?? begun('baseline')?.round ?? last,
      longer: begun('stage2')?.round ?? null,
      last,
    },
    answers: view.probe?.rounds ?? keptGroups(view.rounds),
    asked: view.probe !== null,
    shown: view.curation?.report.kept ?? null,
    before: examination(view.benchmarks, 'baseline'),
    after: examination(view.benchmarks, 'evaluation'),
  };
}

/** Of a run from before there were probes: some of what was kept of each round, other problems every time. */
function keptGroups(rounds: readonly RoundView[]): readonly Answers[] {
  return rounds
    .filter(({ phase }) => phase === 'sft' || phase === 'stage1' || phase === 'stage2')
    .map(({ round, trajectories }) => ({ round, trajectories: trajectories.slice(0, 8) }));
}

/** On problems like those trained on, with the longer budget; all of them held out. */
function examination(
  results: readonly BenchmarkResult[],
  phase: BenchmarkResult['phase'],
): Examination | null {
  const result = results.find(
    (one) => one.phase === phase && one.benchmark === 'inRange' && one.budget === 'long',
  );
  if (result === undefined) return null;
  const { meanAtK: accuracy, problems, toolCalls } = result;
  const error = result.standardError ?? shareError(accuracy, problems);
  return { accuracy, problems, toolCalls, error };
}

/** The value at a round, on the straight between its neighbours; null outside of what was measured. */
export function valueAt({ x, y }: Line, round: number): number | null {
  const after = x.findIndex((at) => at >= round);
  if (after < 0) return null;
  const [x1, y1] = [x[after], y[after]];
  if (x1 === undefined || y1 === undefined) return null;
  if (x1 === round) return y1;
  const [x0, y0] = [x[after - 1], y[after - 1]];
  if (x0 === undefined || y0 === undefined) return null;
  return y0 + ((y1 - y0) * (round - x0)) / (x1 - x0);
}

/** The newest value at a round; null before the first. */
export function newestAt({ x, y }: Line, round: number): number | null {
  const row = x.findLastIndex((at) => at <= round);
  return row < 0 ? null : (y[row] ?? null);
}

/** The newest answers at a round; null before the first. */
export function answersAt(answers: readonly Answers[], round: number): Answers | null {
  return answers.findLast((one) => one.round <= round) ?? null;
}

/** What both runs share: one axis for two lines. */
export function commonTimeline(a: Timeline, b: Timeline): Timeline {
  const longer =
    a.longer === null || b.longer === null ? (a.longer ?? b.longer) : Math.max(a.longer, b.longer);
  return { taught: Math.max(a.taught, b.taught), longer, last: Math.max(a.last, b.last) };
}
