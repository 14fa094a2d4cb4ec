/**
 * What a chart's x can be: rollout rounds, tokens, or seconds. A run's round r is mapped to where r had been measured.
 *
 * Pure. Invariants (plotModel.test.ts). (1) Nothing is invented: tokens are counted from the rounds' own numbers, and seconds are there only
 * where the run's phases were timed, spread evenly within each. (2) A map never falls.
 */
import type { PhaseView } from '../../record/phases.ts';
import type { SeriesView } from '../../record/runSeries.ts';

export const xKinds = ['round', 'tokens', 'seconds'] as const;
export type XKind = (typeof xKinds)[number];

export const xTexts: Record<XKind, { readonly label: string; readonly help: string }> = {
  round: { label: 'Rounds', help: 'A round is one batch of sampled trajectories.' },
  tokens: { label: 'Tokens', help: 'Tokens after the prompts, in all rounds so far, tool output included.' },
  seconds: {
    label: 'Seconds',
    help: 'Time in which the run really worked, pauses left out; rounds are spread evenly within each phase.',
  },
};

/** From a round, fractions too, to x. */
export type RoundMap = (round: number) => number;

interface Knot {
  readonly round: number;
  readonly at: number;
}

/** Straight between knots, level before the first and after the last. */
function through(knots: readonly Knot[]): RoundMap {
  return (round) => {
    const after = knots.findIndex((knot) => knot.round >= round);
    if (after === -1) return knots.at(-1)?.at ?? 0;
    const [a, b] = [knots[after - 1], knots[after]!];
    if (a === undefined || b.round === a.round) return b.at;
    return a.at + ((b.at - a.at) * (round - a.round)) / (b.round - a.round);
  };
}

/**
 * Tokens by round: the mean length of a round's responses times its trajectories. Where a long run's rounds were merged, their mean is
 * taken for each. Null without numbers.
 */
export function tokenMap({ rounds, histograms }: Pick<SeriesView, 'rounds' | 'histograms'>): RoundMap | null {
  const lengths = rounds.flatMap((point) => {
    const length = point['response_length/mean'];
    return length === undefined ? [] : [{ round: point.x, length }];
  });
  if (lengths.length === 0 || histograms.length === 0) return null;
  const knots: Knot[] = [{ round: 0, at: 0 }];
  let at = 0;
  let before = 0;
  for (const { round, through: end, counts } of histograms) {
    const own = lengths.filter((one) => one.round >= round && one.round <= end);
    if (own.length === 0) continue;
    const trajectories = counts.reduce((sum, count) => sum + count, 0);
    at += (trajectories * own.reduce((sum, { length }) => sum + length, 0)) / own.length;
    if (round - 1 > before) knots.push({ round: round - 1, at: knots.at(-1).at });
    knots.push({ round: end, at });
    before = end;
  }
  return through(knots);
}

/** Phases in which rounds are measured. */
const measuring = ['sft', 'stage1', 'stage2'];

/**
 * Seconds by round, from when the phases began and ended. Null where they were not timed, as in a file.
 * @param now seconds at which `lastRound` had been measured
 */
export function secondMap(phases: readonly PhaseView[], now: number, lastRound: number): RoundMap | null {
  const timed = phases.filter(({ name, startedAt }) => measuring.includes(name) && startedAt !== null);
  const knots: Knot[] = [];
  timed.forEach((phase, index) => {
    const from = phase.startedAt;
    if (from === null) return;
    const to = timed[index + 1]?.round ?? lastRound;
    if (to < phase.round) return;
    knots.push({ round: phase.round, at: from }, { round: to, at: Math.max(from, phase.endedAt ?? now) });
  });
  return knots.length === 0 ? null : through(knots);
}
