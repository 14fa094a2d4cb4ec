/**
 * Tool-call histograms by round: all of them, and a bounded number of merged columns to draw.
 *
 * Invariants (histograms.test.ts). (1) Every trajectory is counted in exactly one drawn column: merging adds counts, it drops none.
 * (2) All columns but the last span the same number of rounds.
 */
/** Most columns a chart gets. */
export const maxHistograms = 150;

/** Tool-call histogram of rounds `round` to `through` (one round until long runs are merged): counts[calls] = trajectories. */
export interface HistogramColumn {
  readonly round: number;
  readonly through: number;
  readonly counts: readonly number[];
}

export interface RoundHistogram {
  readonly round: number;
  readonly counts: readonly number[]; // trajectories, index = calls
}

export class HistogramSeries {
  readonly #all: RoundHistogram[] = [];
  readonly #limit: number;
  #columns: HistogramColumn[] = [];
  #width = 1; // rounds in a column
  #open = 0; // rounds in the last column

  constructor(limit: number = maxHistograms) {
    this.#limit = limit;
  }

  append(round: number, counts: readonly number[]): void {
    this.#all.push({ round, counts });
    const last = this.#columns.at(-1);
    const column: HistogramColumn = { round, through: round, counts };
    if (last === undefined || this.#open >= this.#width) {
      this.#columns.push(column);
      this.#open = 1;
    } else {
      this.#columns[this.#columns.length - 1] = joinColumns(last, column);
      this.#open++;
    }
    if (this.#columns.length <= this.#limit) return;
    if (this.#columns.length % 2 === 0) this.#open += this.#width;
    this.#width *= 2;
    this.#columns = pairs(this.#columns, joinColumns);
  }

  /** At most `limit` columns, oldest first. */
  columns(): HistogramColumn[] {
    return [...this.#columns];
  }

  /** One histogram for each round. */
  all(): readonly RoundHistogram[] {
    return this.#all;
  }
}

function joinColumns(a: HistogramColumn, b: HistogramColumn): HistogramColumn {
  const length = Math.max(a.counts.length, b.counts.length);
  const counts = Array.from({ length }, (_, calls) => (a.counts[calls] ?? 0) + (b.counts[calls] ?? 0));
  return { round: a.round, through: b.through, counts };
}

/** Neighbours combined two by two; an odd last one stays. */
export function pairs<T>(items: readonly T[], combine: (a: T, b: T) => T): T[] {
  const out: T[] = [];
  for (let i = 0; i < items.length; i += 2) {
    const [a, b] = items.slice(i, i + 2);
    if (a !== undefined) out.push(b === undefined ? a : combine(a, b));
  }
  return out;
}
