/**
 * The collapse alarm: reinforcement learning has taken the tool calls away that the cold start had left.
 *
 * Rule, fixed on 2026-11-28 before the runs that it judges. The reference is the mean of tool calls per trajectory over GRPO's first
 * rounds, as many as together hold `sample` trajectories (256: of a sparse cold start, whose calls spread by about one, that is
 * known to 0.06). The alarm goes off when the moving average stays, for `patience` rounds in a row, below `share` of the
 * reference, or below `calls` where the reference was at least twice that. Twice, because a cold start of 2.1 calls would be "below two" by a
 * chance dip. It tells both when the average left the zone's edge behind (`since`) and when that was confirmed (`round`).
 *
 * What it does not say. The paper calls a policy collapsed that makes one or two trivial calls, so a sparse cold start (0.9 calls) is
 * collapsed by the paper's words before reinforcement learning begins. The alarm means the loss of what was there, not the paper's
 * state; `startsSparse` names the latter, and the page says it. And a reference below `leastReference` has nothing to lose: there the alarm never goes off, as
 * nobody could tell its loss from chance.
 *
 * Invariant: the alarm knows only the measured density and how many trajectories it was measured on; it never sees the arm, the
 * preset or the reward, and once it has gone off it stays on record.
 */

export interface CollapseRule {
  readonly share: number;
  readonly calls: number;
  readonly patience: number; // rounds
  /** Trajectories that the reference is measured on, at least. */
  readonly sample: number;
}

/** Weight of the newest round in the moving average: about the last five rounds count. */
export const movingAverageWeight = 0.3;

/** Calls per trajectory that a cold start must make for their loss to be told: one in four trajectories. */
export const leastReference = 0.25;

export interface CollapseAlarm {
  /** Confirmed: the `patience`-th round in a row. */
  readonly round: number;
  /** The first of these rounds: the average left the zone's edge. */
  readonly since: number;
  readonly density: number; // the moving average, calls per trajectory
}

/** All that the detector remembers: enough to go on watching where a run stopped. */
export interface CollapseMemory {
  readonly reference: number | null;
  /** Trajectories that the reference has been measured on so far. */
  readonly sampled: number;
  readonly average: number;
  readonly below: number; // rounds in a row
  readonly since: number | null; // the first of them
  readonly alarm: CollapseAlarm | null;
}

/**
 * The density below which a policy is in the collapse zone, given its density after the cold start; 0 where the cold start
 * hardly calls, as nothing is below it.
 */
export function collapseThreshold(rule: Omit<CollapseRule, 'sample'>, reference: number): number {
  if (reference < leastReference) return 0;
  return Math.max(rule.share * reference, reference >= 2 * rule.calls ? rule.calls : 0);
}

/** True where the cold start itself makes no more calls than what the paper calls collapsed. */
export function startsSparse(rule: Pick<CollapseRule, 'calls'>, reference: number): boolean {
  return reference <= rule.calls;
}

export class CollapseDetector {
  readonly #rule: CollapseRule;
  #reference: number | null = null;
  #sampled = 0;
  #average = 0;
  #below = 0;
  #since: number | null = null;
  #alarm: CollapseAlarm | null = null;

  /** @param memory of a detector with the same rule, to go on from */
  constructor(rule: CollapseRule, memory?: CollapseMemory) {
    this.#rule = rule;
    if (memory === undefined) return;
    this.#reference = memory.reference;
    this.#sampled = memory.sampled;
    this.#average = memory.average;
    this.#below = memory.below;
    this.#since = memory.since;
    this.#alarm = memory.alarm;
  }

  get memory(): CollapseMemory {
    return {
      reference: this.#reference,
      sampled: this.#sampled,
      average: this.#average,
      below: this.#below,
      since: this.#since,
      alarm: this.#alarm,
    };
  }

  /** Calls per trajectory after the cold start; null while it is still being measured. */
  get reference(): number | null {
    return this.#reference;
  }

  /** Trajectories that the reference has been measured on. */
  get referenceSample(): number {
    return this.#sampled;
  }

  get alarm(): CollapseAlarm | null {
    return this.#alarm;
  }

  /**
   * Take in a round of GRPO. The first ones make the reference. Returns the alarm in the round in which it goes off.
   * @param density calls per trajectory
   * @param trajectories that the density was measured on
   */
  observe(round: number, density: number, trajectories: number): CollapseAlarm | null {
    if (this.#reference === null) {
      const before = this.#sampled;
      this.#sampled += trajectories;
      this.#average += (density - this.#average) * (trajectories / Math.max(1, before + trajectories));
      if (this.#sampled >= this.#rule.sample) this.#reference = this.#average;
      return null;
    }
    this.#average += movingAverageWeight * (density - this.#average);
    const isBelow = this.#average < collapseThreshold(this.#rule, this.#reference);
    this.#below = isBelow ? this.#below + 1 : 0;
    this.#since = isBelow ? (this.#since ?? round) : null;
    if (this.#alarm !== null || this.#since === null || this.#below < this.#rule.patience) return null;
    this.#alarm = { round, since: this.#since, density: this.#average };
    return this.#alarm;
  }
}
