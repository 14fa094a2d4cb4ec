/**
 * A round in words.
 */
import type { Timeline } from '../../lab/lesson/timeline.ts';

export function phaseName({ taught, longer }: Timeline, round: number): string {
  if (round < taught) return 'Cold start';
  if (round === taught) return 'After the cold start';
  return longer !== null && round > longer ? 'Longer problems' : 'Reinforcement learning';
}

export function roundName(timeline: Timeline, round: number): string {
  return `Round ${round} of ${timeline.last}. ${phaseName(timeline, round)}`;
}
