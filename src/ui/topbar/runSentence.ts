/**
 * The run in one sentence, for people who use a screen reader.
 */
import type { RunState } from '../../lab/state.ts';
import { formatDuration, formatNumber, formatShare } from '../app/format.ts';

export function runSentence(run: RunState): string {
  const { status, phases, series, collapse, secondsLeft, failure, replay } = run;
  if (failure !== null) {
    const next = failure.goOn === undefined ? '' : ` It can go on from ${failure.goOn}.`;
    return `The run stopped: ${failure.message}${next}`;
  }
  const active = phases.find((phase) => phase.status === 'active');
  const calls = series.latest['tool_use/avg_tool_calls_per_trajectory'];
  const reward = series.latest['critic/score/mean'];
  const numbers = [
    calls === undefined ? '' : `${formatNumber(calls)} tool calls per trajectory`,
    reward === undefined ? '' : `train reward ${formatShare(reward)}`,
  ]
    .filter((part) => part !== '')
    .join(', ');
  const tail = `${numbers === '' ? '' : ` ${numbers}.`}${collapse.alarm === null ? '' : ` Interaction collapse since round ${collapse.alarm.round}.`}`;
  if (replay !== null && replay.frame < replay.last)
    return `Replay of a recorded run, round ${replay.frame} of ${replay.last - 1}.${tail}`;
  switch (status) {
    case 'idle':
      return 'Ready. Nothing runs yet.';
    case 'starting':
      return 'The run is starting.';
    case 'paused':
      return `Paused${active === undefined ? '' : ` in ${active.label}`}.${tail}`;
    case 'interrupted':
    case 'failed':
      return 'The run stopped.';
    case 'done':
      return `The run is done.${tail}`;
    case 'running': {
      const where =
        active === undefined
          ? 'Running'
          : active.total > 0
            ? `${active.label}, ${formatNumber(active.done)} of ${formatNumber(active.total)} ${active.unit}`
            : active.label;
      const left = secondsLeft === null ? '' : ` About ${formatDuration(secondsLeft)} left.`;
      return `${where}.${left}${tail}`;
    }
  }
}
