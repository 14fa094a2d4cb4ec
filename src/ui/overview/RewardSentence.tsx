/**
 * How much of a rising reward is only that fewer trajectories are cut off, in one sentence under the chart; for the newest stage
 * that is long enough.
 */
import { useMemo } from 'react';
import { rewardStory, storyRounds, type RewardStory } from '../../record/rewardStory.ts';
import type { SeriesPoint } from '../../record/metricSeries.ts';
import { formatDelta, formatPoints, formatShare } from '../app/format.ts';
import { shownRun, type LabState, type RunState } from '../../lab/state.ts';
import { useRun } from '../app/lab.tsx';
import { phaseSpans, phaseStarts, type PhaseSpan } from '../charts/roundAxis.ts';
import { sameRounds } from '../charts/sameSeries.ts';
import { useInTurn } from '../charts/turns.ts';
import styles from './collapseRule.module.css';

const storyTurn = { select: (state: LabState) => shownRun(state).series, pace: 250, same: sameRounds };
const selectSettings = (run: RunState) => run.settings;

export function RewardSentence() {
  const { rounds } = useInTurn(storyTurn);
  const settings = useRun(selectSettings);
  const starts = useRun(phaseStarts);
  const told = useMemo(
    () => newestStory(rounds, phaseSpans(settings, starts, rounds.at(-1)?.x ?? 0)),
    [rounds, settings, starts],
  );
  if (told === null) return null;
  const { story, label } = told;
  const { before, after, total, cutOffs, answers } = story;
  const points = (value: number) => formatDelta(value, formatPoints);
  return (
    <p className={styles.rule} data-testid="reward-story" data-cut-offs={cutOffs} data-answers={answers}>
      {label}, first {storyRounds} rounds against the last {storyRounds}: right {formatShare(before.right)} to{' '}
      {formatShare(after.right)} ({points(total)}). Of that {points(cutOffs)} because{' '}
      {after.cutOff <= before.cutOff ? 'fewer' : 'more'} are cut off ({formatShare(before.cutOff)} to{' '}
      {formatShare(after.cutOff)}), and {points(answers)} from the others’ answers ({finishedWords(before)} to{' '}
      {finishedWords(after)} right).
    </p>
  );
}

function finishedWords({ right, cutOff }: RewardStory['before']): string {
  return formatShare(cutOff >= 1 ? null : right / (1 - cutOff));
}

function newestStory(rounds: readonly SeriesPoint[], spans: readonly PhaseSpan[]) {
  for (const { name, label, from, to, begun } of [...spans].reverse()) {
    if (name === 'sft' || !begun) continue;
    const story = rewardStory(rounds.filter(({ x }) => x > from && x <= to));
    if (story !== null) return { story, label };
  }
  return null;
}
