/**
 * The collapse alarm.
 *
 * Rule: the alarm goes off when the moving average of tool calls per trajectory stays, for `patience` rounds in a row, below `share` of its value
 * after the cold start, or below `calls` where the cold start was above that. A cold start that hardly calls at all is collapsed
 * already, as the paper uses the word; there the alarm tells when the policy gives up even that. Invariant: the alarm knows only the measured density; it
 * never sees the arm, the preset or the reward, and once it has gone off it stays on record.
 */

export interface CollapseRule {
  readonly share: number;
  readonly calls: number;
  readonly patience: number; // rounds
}

/** Weight of the newest round in the moving average: about the last five rounds count. */
export const movingAverageWeight = 0.3;

export interface CollapseAlarm {
  readonly round: number;
  readonly density: number; // the moving average, calls per trajectory
}

/** All that the detector remembers: enough to go on watching where a run stopped. */
export interface CollapseMemory {
  readonly reference: number | null;
  readonly average: number;
  readonly below: number; // rounds in a row
  readonly alarm: CollapseAlarm | null;
}

/** The density below which a policy is in the collapse zone, given its density after the cold start. */
export function collapseThreshold(rule: CollapseRule, reference: number): number {
  return Math.max(rule.share * reference, reference > rule.calls ? rule.calls : 0);
}

export class CollapseDetector {
  readonly #rule: CollapseRule;
  #reference: number | null = null;
  #average = 0;
  #below = 0;
  #alarm: CollapseAlarm | null = null;

  /** @param memory of a detector with the same rule, to go on from */
  constructor(rule: CollapseRule, memory?: CollapseMemory) {
    this.#rule = rule;
    if (memory === undefined) return;
    this.#reference = memory.reference;
    this.#average = memory.average;
    this.#below = memory.below;
    this.#alarm = memory.alarm;
  }

  get memory(): CollapseMemory {
    return {
      reference: this.#reference,
      average: this.#average,
      below: this.#below,
      alarm: this.#alarm,
    };
  }

  get reference(): number | null {
    return this.#reference;
  }

  get alarm(): CollapseAlarm | null {
    return this.#alarm;
  }

  /** The first observation after the cold start is the reference. Returns the alarm in the round in which it goes off. */
  observe(round: number, density: number): CollapseAlarm | null {
    if (this.#reference === null) {
      this.#reference = density;
      this.#average = density;
      return null;
    }
    this.#average += movingAverageWeight * (density - this.#average);
    this.#below = this.#average < collapseThreshold(this.#rule, this.#reference) ? this.#below + 1 : 0;
    if (this.#alarm !== null || this.#below < this.#rule.patience) return null;
    this.#alarm = { round, density: this.#average };
    return this.#alarm;
  }
}
