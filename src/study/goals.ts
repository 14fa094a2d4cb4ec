/**
 * What the `choice` experiment is expected to show, as checks of single runs. Written on 2026-11-28, before the runs, with the alarm's
 * rule (metrics/collapse.ts); a check that fails is reported, not softened.
 *
 * Everything is measured on the held-out problems of the training range under the long budget at temperature 1, the rollouts' own, as the paper's 0.6
 * hides what reinforcement learning has to raise; "stays" and "rises" are measured on the rollouts.
 */
import { mean } from '../metrics/interaction.ts';
import { benchmarkResult, type StudyMetric, type StudyRun } from './study.ts';

/** Temperature at which goals are judged. */
export const goalTemperature = 1;

/** Rounds at the beginning and at the end of stage 1 whose mean rewards are compared. */
const rewardRounds = 5;

export interface Verdict {
  readonly goal: 'a' | 'b';
  /** What is asked, e.g. "accuracy rises by 15 points". */
  readonly ask: string;
  /** What was measured, in the ask's words; null where it was not measured. */
  readonly measured: string | null;
  readonly isMet: boolean | null;
}

/** Goals a and b: what a run is judged by follows from its variant. @param rival the dense run with the same seed, for a sparse one */
export function verdicts(run: StudyRun, rival: StudyRun | undefined): readonly Verdict[] {
  switch (run.variant) {
    case 'dense':
      return denseVerdicts(run);
    case 'sparse':
      return sparseVerdicts(run, rival);
    default:
      return [];
  }
}

function denseVerdicts(run: StudyRun): readonly Verdict[] {
  const before = held(run, 'baseline');
  const after = held(run, 'evaluation');
  const rise = difference(after?.meanAtK, before?.meanAtK);
  const kept = ratio(after?.toolCalls, before?.toolCalls);
  return [
    verdict('a', 'accuracy rises by at least 15 points', rise, points, (value) => value >= 0.15),
    verdict('a', 'ends at 90% or more', after?.meanAtK, percent, (value) => value >= 0.9),
    verdict('a', 'keeps at least 90% of its calls', kept, percent, (value) => value >= 0.9),
    alarmVerdict('b', run, false),
  ];
}

function sparseVerdicts(run: StudyRun, rival: StudyRun | undefined): readonly Verdict[] {
  const before = held(run, 'baseline');
  const after = held(run, 'evaluation');
  const end = ratio(after?.toolCalls, before?.toolCalls);
  const most = ratio(mostCallsInStage2(run), before?.toolCalls);
  const dense = rival === undefined ? undefined : held(rival, 'evaluation')?.meanAtK;
  return [
    verdict('b', 'ends below 40% of the cold start’s calls', end, percent, (value) => value < 0.4),
    verdict('b', 'stays below 40% throughout stage 2', most, percent, (value) => value < 0.4),
    alarmVerdict('b', run, true),
    verdict('b', 'the reward rises in stage 1', rewardRise(run), points, (value) => value > 0),
    verdict(
      'b',
      'ends at least 30 points behind the dense arm',
      difference(dense, after?.meanAtK),
      points,
      (value) => value >= 0.3,
    ),
  ];
}

const held = (run: StudyRun, phase: 'baseline' | 'evaluation') =>
  benchmarkResult(run, phase, 'inRange', 'long', goalTemperature);

function verdict(
  goal: Verdict['goal'],
  ask: string,
  value: number | null | undefined,
  write: (value: number) => string,
  isMet: (value: number) => boolean,
): Verdict {
  if (value === null || value === undefined) return { goal, ask, measured: null, isMet: null };
  return { goal, ask, measured: write(value), isMet: isMet(value) };
}

/** Null where the run had no reference: then the alarm had nothing to watch. */
function alarmVerdict(goal: Verdict['goal'], { alarm, reference }: StudyRun, isWanted: boolean): Verdict {
  const ask = isWanted ? 'the alarm goes off' : 'the alarm keeps silent';
  if (reference === null) return { goal, ask, measured: null, isMet: null };
  const measured =
    alarm === null
      ? 'silent'
      : alarm.since === undefined
        ? `round ${alarm.round}`
        : `left the edge at round ${alarm.since}, confirmed at ${alarm.round}`;
  return { goal, ask, measured, isMet: (alarm !== null) === isWanted };
}

/** The values of a metric in the rounds from `from` on and before `to`. */
function valuesIn({ rounds }: StudyRun, metric: StudyMetric, from: number, to: number): readonly number[] {
  const column = rounds.metrics[metric];
  return rounds.x.flatMap((x, row) => {
    const value = column?.[row];
    return x < from || x >= to || value === null || value === undefined ? [] : [value];
  });
}

/** The largest mean of five rounds in a row in stage 2: single rounds are noise. */
function mostCallsInStage2(run: StudyRun): number | null {
  if (run.stage2 === null) return null;
  const calls = valuesIn(run, 'tool_use/avg_tool_calls_per_trajectory', run.stage2, Infinity);
  if (calls.length < rewardRounds) return null;
  const means = calls.slice(rewardRounds - 1).map((_, i) => mean(calls.slice(i, i + rewardRounds)));
  return Math.max(...means);
}

/** Mean reward of the last rounds of stage 1 less that of its first. */
function rewardRise(run: StudyRun): number | null {
  if (run.stage1 === null) return null;
  const rewards = valuesIn(run, 'critic/score/mean', run.stage1, run.stage2 ?? Infinity);
  if (rewards.length < 2 * rewardRounds) return null;
  return mean(rewards.slice(-rewardRounds)) - mean(rewards.slice(0, rewardRounds));
}

function difference(a: number | undefined, b: number | undefined): number | null {
  return a === undefined || b === undefined ? null : a - b;
}

function ratio(a: number | null | undefined, b: number | undefined): number | null {
  return a === null || a === undefined || b === undefined || b === 0 ? null : a / b;
}

const percent = (value: number) => `${(100 * value).toFixed(1)}%`;
const points = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(100 * value).toFixed(1)} points`;
