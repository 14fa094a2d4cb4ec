/**
 * From runs to what a chart draws: lines in the units of the axis that was chosen, both domains, and their ticks.
 *
 * Pure, and the same for every chart, so that charts of one axis have one x. Invariants (plotModel.test.ts). (1) A domain holds all that is
 * shown. (2) A run that has no map to tokens or seconds has no line there: it is named in `missing`.
 */
import type { SeriesPoint } from '../../record/metricSeries.ts';
import { formatCount } from '../app/format.ts';
import type { RunStyle } from '../app/runStyle.ts';
import type { ChartRun } from './chartRuns.ts';
import type { AxisName, ChartView } from './chartView.ts';
import type { ChartDefinition } from './definitions.ts';
import {
  bucketsFor,
  cut,
  decimated,
  logDomain,
  logTicks,
  smoothed,
  type Domain,
  type LinePoint,
} from './lines.ts';
import { axisTicks, axisTop, lastPlannedRound, phaseSpans, phaseStarts } from './roundAxis.ts';
import { secondMap, tokenMap, type RoundMap, type XKind } from './xAxis.ts';

export interface PlotLine {
  /** Key of its values in a row. */
  readonly key: string;
  readonly name: string;
  readonly style: RunStyle;
  readonly focused: boolean;
  /** Every point that was measured. */
  readonly points: readonly LinePoint[];
  /** What is drawn: smoothed where that was asked for, cut and decimated. */
  readonly drawn: readonly LinePoint[];
  /** The same without smoothing; empty where nothing is smoothed. */
  readonly raw: readonly LinePoint[];
}

export interface PlotAxis {
  readonly domain: Domain;
  readonly ticks: readonly number[];
  readonly format: (value: number) => string;
}

export interface Plot {
  readonly axis: AxisName;
  readonly x: PlotAxis & { readonly whole: Domain; readonly heading: (x: number) => string };
  readonly y: PlotAxis & { readonly log: boolean };
  readonly lines: readonly PlotLine[];
  /** Names of runs that have no place on this x. */
  readonly missing: readonly string[];
}

/** Where a run's round lies on the axis; null where that is not known. */
export function roundMap({ view }: Pick<ChartRun, 'view'>, kind: XKind): RoundMap | null {
  switch (kind) {
    case 'round':
      return (round) => round;
    case 'tokens':
      return tokenMap(view.series);
    case 'seconds':
      return secondMap(view.phases, view.elapsedSeconds, view.series.rounds.at(-1)?.x ?? 0);
  }
}

/** The whole of an axis, over all runs. */
export function wholeDomain(runs: readonly ChartRun[], axis: AxisName, kind: XKind): Domain {
  if (axis === 'steps') {
    const ends = runs.map(({ view }) =>
      Math.max(view.phases.find(({ name }) => name === 'sft')?.total ?? 0, view.series.sft.at(-1)?.x ?? 0),
    );
    return [0, Math.max(1, ...ends)];
  }
  const ends = runs.map((run) => {
    const last = run.view.series.rounds.at(-1)?.x ?? 0;
    if (kind !== 'round') return roundMap(run, kind)?.(last) ?? 0;
    return lastPlannedRound(phaseSpans(run.view.settings, phaseStarts(run.view), last));
  });
  const end = Math.max(1, ...ends);
  if (kind === 'round') return [0.5, end + 0.5];
  return [0, runs.some(({ view }) => view.status === 'running') ? roomyTop(end) : end];
}

/** An end that a growing axis reaches now and then, so that it does not move at every point. */
function roomyTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((candidate) => candidate * power >= value) ?? 10;
  return step * power;
}

/** At most about `most` ticks at plain numbers in the domain. */
export function plainTicks(
  [from, to]: Domain,
  most: number,
  steps: readonly number[] | null = null,
): number[] {
  const least = (to - from) / most;
  const power = 10 ** Math.floor(Math.log10(least));
  const step =
    steps?.find((candidate) => candidate >= least) ??
    [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= least - 1e-12) ??
    10 * power;
  const ticks: number[] = [];
  for (let i = Math.ceil(from / step - 1e-9); i * step <= to + 1e-9; i++)
    ticks.push(+(i * step).toPrecision(12));
  return ticks;
}

const wholeSteps = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000];
const clockSteps = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200];

function xOf(runs: readonly ChartRun[], axis: AxisName, view: ChartView, most: number): Plot['x'] {
  const whole = wholeDomain(runs, axis, view.xKind);
  const domain = view.zoom[axis] ?? whole;
  if (axis === 'steps' || view.xKind === 'round') {
    const unit = axis === 'steps' ? 'Step' : 'Round';
    const ticks = plainTicks(domain, most, wholeSteps).filter((tick) => tick > 0 || axis === 'steps');
    return { whole, domain, ticks, format: String, heading: (x) => `${unit} ${x}` };
  }
  if (view.xKind === 'tokens')
    return {
      whole,
      domain,
      ticks: plainTicks(domain, most),
      format: formatCount,
      heading: (x) => `${formatCount(x)} tokens`,
    };
  const minutes = domain[1] > 180;
  const format = (seconds: number) =>
    minutes ? `${+(seconds / 60).toFixed(1)} min` : `${Math.round(seconds)} s`;
  return { whole, domain, ticks: plainTicks(domain, most, clockSteps), format, heading: format };
}

function yOf(lines: readonly PlotLine[], chart: ChartDefinition, log: boolean, least: number): Plot['y'] {
  const shown = lines.flatMap(({ drawn, raw }) => [...drawn, ...raw].map(({ y }) => y));
  const logarithmic = log ? logDomain(shown) : null;
  if (logarithmic !== null)
    return { log: true, domain: logarithmic, ticks: logTicks(logarithmic), format: chart.formatTick };
  const highest = Math.max(0, ...shown);
  const top = chart.top ?? topOf(highest, Math.max(chart.leastTop, least));
  return { log: false, domain: [0, top], ticks: axisTicks(top), format: chart.formatTick };
}

/** Far below one, `axisTop` has no steps. */
function topOf(highest: number, least: number): number {
  if (Math.max(highest, least) >= 0.05) return axisTop(highest, least);
  return roomyTop(Math.max(highest, least));
}

export interface PlotOptions {
  readonly view: ChartView;
  /** About how wide the plot is, pixels. */
  readonly pixels: number;
  /** Ticks on x. */
  readonly ticks: number;
  /** The top of y is not below this. */
  readonly leastTop?: number;
}

/** A line before it is fitted to a chart. */
export interface LineSource extends Pick<PlotLine, 'name' | 'style' | 'focused' | 'points'> {
  /** Highest and lowest of what is drawn around it. */
  readonly around?: readonly number[];
}

/** What a chart draws of these runs. */
export function plotOf(runs: readonly ChartRun[], chart: ChartDefinition, options: PlotOptions): Plot {
  const { view, ticks } = options;
  const missing: string[] = [];
  const sources = runs.flatMap((run): LineSource[] => {
    const map = chart.axis === 'steps' ? (step: number) => step : roundMap(run, view.xKind);
    const rows = chart.axis === 'steps' ? run.view.series.sft : run.view.series.rounds;
    if (map === null) {
      if (rows.length > 0) missing.push(run.name);
      return [];
    }
    return [{ name: run.name, style: run.style, focused: run.focused, points: pointsOf(rows, chart, map) }];
  });
  return { ...plotOfLines(sources, chart, xOf(runs, chart.axis, view, ticks), options), missing };
}

/** What a chart draws of lines by round that are no runs: a study's. */
export function plotByRound(
  sources: readonly LineSource[],
  chart: ChartDefinition,
  options: PlotOptions,
): Plot {
  const end = Math.max(1, ...sources.flatMap(({ points }) => points.map(({ x }) => x)));
  const whole: Domain = [0.5, end + 0.5];
  const domain = options.view.zoom[chart.axis] ?? whole;
  const x = {
    ...{ whole, domain, format: String },
    ticks: plainTicks(domain, options.ticks, wholeSteps).filter((tick) => tick > 0),
    heading: (round: number) => `Round ${round}`,
  };
  return plotOfLines(sources, chart, x, options);
}

function plotOfLines(
  sources: readonly LineSource[],
  chart: ChartDefinition,
  x: Plot['x'],
  { view, pixels, leastTop = 0 }: PlotOptions,
): Plot {
  const log = chart.logHelps && view.log.has(chart.id);
  const buckets = bucketsFor(sources.length, pixels);
  const shown = (of: readonly LinePoint[]) => decimated(cut(of, x.domain), buckets);
  const lines = sources.map(({ name, style, focused, points: measured }, index): PlotLine => {
    const points = log ? measured.filter(({ y }) => y > 0) : measured;
    return {
      ...{ key: `line${index}`, name, style, focused, points },
      drawn: shown(smoothed(points, view.smoothing)),
      raw: view.smoothing > 0 ? shown(points) : [],
    };
  });
  const around = Math.max(leastTop, ...sources.flatMap(({ around = [] }) => around));
  return { axis: chart.axis, x, y: yOf(lines, chart, log, around), lines, missing: [] };
}

function pointsOf(
  rows: readonly SeriesPoint[],
  { value }: ChartDefinition,
  map: RoundMap,
): readonly LinePoint[] {
  return rows.flatMap((row) => {
    const y = value(row);
    return y === undefined ? [] : [{ x: map(row.x), y }];
  });
}

/** Where a value lies between the ends of its axis, from 0 to 1. */
export function placeOn(
  { domain: [from, to], log = false }: { domain: Domain; log?: boolean },
  value: number,
): number {
  if (log) return value <= 0 ? 0 : Math.log(value / from) / Math.log(to / from);
  return (value - from) / (to - from);
}
