/**
 * How much of a rising reward is only that fewer trajectories are cut off, in one sentence under the chart; for the newest stage
 * that is long enough.
 */
import { useMemo } from 'react';
import { rewardStory, storyRounds, type RewardStory } from '../../record/rewardStory.ts';
import type { SeriesPoint } from '../../record/metricSeries.ts';
import { formatDelta, formatPoints, formatShare } from '../app/format.ts';
import type { PhaseSpan } from '../charts/roundAxis.ts';
import styles from './collapseRule.module.css';

interface Props {
  readonly rounds: readonly SeriesPoint[];
  readonly spans: readonly PhaseSpan[];
}

export function RewardSentence({ rounds, spans }: Props) {
  const told = useMemo(() => newestStory(rounds, spans), [rounds, spans]);
  if (told === null) return null;
  const { story, label } = told;
  const { before, after, total, cutOffs, answers } = story;
  const points = (value: number) => formatDelta(value, formatPoints);
  return (
    <p className={styles.rule} data-testid="reward-story" data-cut-offs={cutOffs} data-answers={answers}>
      {label}, first {storyRounds} rounds against the last {storyRounds}: right {formatShare(before.right)} to{' '}
      {formatShare(after.right)} ({points(total)}). Of that {points(cutOffs)} because{' '}
      {after.cutOff <= before.cutOff ? 'fewer' : 'more'} are cut off ({formatShare(before.cutOff)} to{' '}
      {formatShare(after.cutOff)}), and {points(answers)} from the answers of those that are not (
      {finishedWords(before)} to {finishedWords(after)} right).
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
