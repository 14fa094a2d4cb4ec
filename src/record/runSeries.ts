/**
 * All series of a run: rounds, cold-start steps and histograms, filled from its events.
 *
 * Invariants (runSeries.test.ts). (1) What the charts draw is one object until something changes. (2) A recorded series, made again,
 * draws and records the same.
 */
import { metricNames, type MetricName } from '../metrics/registry.ts';
import type { RunEvent } from '../train/events.ts';
import { HistogramSeries, type HistogramColumn, type RoundHistogram } from './histograms.ts';
import { firstRows, MetricSeries, type SeriesColumns, type SeriesPoint } from './metricSeries.ts';

export interface SeriesView {
  /** On rollout batches; at most about 300 points, min/max decimated. */
  readonly rounds: readonly SeriesPoint[];
  /** On cold-start steps, likewise. */
  readonly sft: readonly SeriesPoint[];
  /** Newest value of every metric seen. */
  readonly latest: Partial<Record<MetricName, number>>;
  readonly histograms: readonly HistogramColumn[];
}

export interface RecordedSeries {
  readonly rounds: SeriesColumns;
  readonly sft: SeriesColumns;
  readonly histograms: readonly RoundHistogram[];
  readonly latest: Partial<Record<MetricName, number>>;
}

/** How much of a run had been measured at some moment. */
export interface SeriesMark {
  readonly rounds: number; // rows
  readonly sft: number; // rows
  readonly histograms: number;
  readonly latest: Partial<Record<MetricName, number>>;
}

const noColumns: SeriesColumns = { x: [], metrics: {} };

export class RunSeries {
  readonly rounds: MetricSeries;
  readonly sft: MetricSeries;
  readonly histograms: HistogramSeries;
  #view: SeriesView | null = null;
  readonly #latest: Partial<Record<MetricName, number>>;

  constructor(recorded?: RecordedSeries) {
    this.rounds = MetricSeries.from(recorded?.rounds ?? noColumns);
    this.sft = MetricSeries.from(recorded?.sft ?? noColumns);
    this.histograms = new HistogramSeries();
    for (const { round, counts } of recorded?.histograms ?? []) this.histograms.append(round, counts);
    this.#latest = { ...recorded?.latest };
  }

  /** Take in what an event says in numbers; other events change nothing. */
  add(event: RunEvent): void {
    if (event.type !== 'sft' && event.type !== 'round') return;
    if (event.type === 'sft') {
      this.sft.append(event.step, event.values);
    } else {
      this.rounds.append(event.round, event.values);
      this.histograms.append(event.round, event.callCounts);
    }
    for (const name of metricNames) {
      const value = event.values[name];
      if (value !== undefined && Number.isFinite(value)) this.#latest[name] = value;
    }
    this.#view = null;
  }

  /** What the charts draw; the same object until something changes. */
  view(): SeriesView {
    return (this.#view ??= {
      rounds: this.rounds.points(),
      sft: this.sft.points(),
      latest: { ...this.#latest },
      histograms: this.histograms.columns(),
    });
  }

  /** Where it stands, to come back to. */
  mark(): SeriesMark {
    return {
      rounds: this.rounds.length,
      sft: this.sft.length,
      histograms: this.histograms.all().length,
      latest: { ...this.#latest },
    };
  }

  /** The series as it was at `mark`: what was measured since is left out. This one stays as it is. */
  rewoundTo(mark: SeriesMark): RunSeries {
    const { rounds, sft, histograms } = this.record();
    return new RunSeries({
      rounds: firstRows(rounds, mark.rounds),
      sft: firstRows(sft, mark.sft),
      histograms: histograms.slice(0, mark.histograms),
      latest: mark.latest,
    });
  }

  /** Everything, at full resolution, metrics in the registry's order. */
  record(): RecordedSeries {
    const latest: Partial<Record<MetricName, number>> = {};
    for (const name of metricNames) {
      const value = this.#latest[name];
      if (value !== undefined) latest[name] = value;
    }
    return {
      rounds: this.rounds.columns(),
      sft: this.sft.columns(),
      histograms: this.histograms.all(),
      latest,
    };
  }
}
