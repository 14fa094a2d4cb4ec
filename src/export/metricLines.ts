/**
 * A run's events as flat lines for other tools: one object an event, one axis, no nesting.
 *
 * `step` is the one axis: steps of the cold start, then rounds of both stages on top of them. `seconds` is run time, `time` the clock's
 * (seconds since 1970); neither is known to anything that trains. Metrics stand under their own names (metrics/registry.ts);
 * `call_counts` is a histogram, trajectories by number of calls.
 */
import { metricNames, type MetricValues } from '../metrics/registry.ts';
import type { RunView } from '../record/runView.ts';
import type { BenchmarkResult, PhaseName, RunEvent } from '../train/events.ts';
import type { RunSettings } from '../train/settings.ts';
import type { CurvePoint, CurveValue } from './tfevents.ts';

export type LineValue = string | number | boolean | readonly number[];
export type MetricLine = Readonly<Record<string, LineValue>> & {
  readonly type: string;
  readonly step: number;
};

/** Steps that a run has behind it. */
export interface StepsBehind {
  readonly coldStart: number;
  /** Of both stages. */
  readonly rounds: number;
}

/** @param phases of what was recorded of the run */
export function stepsBehind(phases: RunView['phases']): StepsBehind {
  const done = (name: PhaseName) => phases.find((phase) => phase.name === name)?.done ?? 0;
  return { coldStart: done('sft'), rounds: done('stage1') + done('stage2') };
}

/** The one axis. It only ever grows, and is the same in a run that was stopped and taken up again. */
export class StepAxis {
  readonly #stage1Steps: number;
  #coldStart: number;
  #step: number;

  /** @param behind where a run stands that is taken up again */
  constructor(
    settings: Pick<RunSettings, 'stage1'>,
    { coldStart, rounds }: StepsBehind = { coldStart: 0, rounds: 0 },
  ) {
    this.#stage1Steps = settings.stage1.steps;
    this.#coldStart = coldStart;
    this.#step = coldStart + rounds;
  }

  /** Where it stands. */
  get step(): number {
    return this.#step;
  }

  at(event: RunEvent): number {
    if (event.type === 'sft') this.#coldStart = Math.max(this.#coldStart, event.step);
    if (event.type === 'sft' || event.type === 'round') this.#step = Math.max(this.#step, this.#of(event));
    return this.#step;
  }

  #of(event: Extract<RunEvent, { type: 'sft' | 'round' }>): number {
    if (event.type === 'sft' || event.phase === 'sft') return event.step;
    return this.#coldStart + event.step + (event.phase === 'stage2' ? this.#stage1Steps : 0);
  }
}

/** The event's line; null where it is told elsewhere (trajectories.jsonl, run.json) or says nothing that lasts. */
export function metricLine(
  event: RunEvent,
  axis: StepAxis,
  seconds: number,
  time: number,
): MetricLine | null {
  const line = (rest: Readonly<Record<string, LineValue | undefined>>): MetricLine => ({
    step: axis.at(event),
    seconds,
    time,
    type: event.type,
    ...present(rest),
  });
  switch (event.type) {
    case 'progress':
    case 'probe':
    case 'trajectories':
      return null;
    case 'phase':
      return line({ phase: event.phase, round: event.round, total: event.total, unit: event.unit });
    case 'sft':
      return line({ phase: 'sft', ...known(event.values) });
    case 'round': {
      const { phase, round, step, values, callCounts } = event;
      return line({ phase, round, phase_step: step, ...known(values), call_counts: callCounts });
    }
    case 'curation': {
      const { pool, kept, dropped, poolHistogram, soundHistogram, keptHistogram } = event.report;
      const reasons = Object.entries(dropped).map(([reason, count]) => [`dropped/${reason}`, count] as const);
      return line({
        ...{ phase: 'curation', pool, kept, ...Object.fromEntries(reasons) },
        ...{ pool_counts: poolHistogram, sound_counts: soundHistogram, kept_counts: keptHistogram },
      });
    }
    case 'promptFilter': {
      const { prompts, visited, dropped, otherLength, spare, added, filled, solvedHistogram } = event.report;
      return line({
        ...{ phase: 'filter', prompts, visited, dropped, other_length: otherLength, spare, added, filled },
        solved_counts: solvedHistogram,
      });
    }
    case 'benchmark':
      return line(benchmarkFields(event.result));
    case 'collapseReference':
      return line({
        round: event.round,
        'collapse/reference': event.density,
        trajectories: event.trajectories,
      });
    case 'collapsed':
      return line({ round: event.round, since: event.since, 'collapse/density': event.density });
    case 'done':
      return line({});
  }
}

function benchmarkFields(result: BenchmarkResult): Readonly<Record<string, LineValue | undefined>> {
  const { phase, benchmark, budget, context, calls, k, problems, temperature } = result;
  const place = `val-core/${benchmark}/${budget}${temperature === undefined ? '' : `/temperature-${temperature}`}`;
  return {
    ...{ phase, benchmark, budget, context, calls, k, problems, temperature },
    [`${place}/acc/mean@${k}`]: result.meanAtK,
    [`${place}/acc/best@${k}`]: result.passAtK,
    [`${place}/acc/standard_error`]: result.standardError,
    [`${place}/tool_calls`]: result.toolCalls,
    [`${place}/clip_ratio`]: result.truncated,
    [`${place}/response_length`]: result.responseLength,
  };
}

/** What of a line can be drawn: metrics and histograms, under their names. */
export function curvePoint(line: Readonly<Record<string, unknown>>): CurvePoint | null {
  const { step, time } = line;
  if (typeof step !== 'number' || typeof time !== 'number') return null;
  const values: Record<string, CurveValue> = {};
  for (const [name, value] of Object.entries(line)) {
    if (typeof value === 'number' && (name.includes('/') || isMetric.has(name))) values[name] = value;
    if (name.endsWith('_counts') && Array.isArray(value) && value.every((count) => typeof count === 'number'))
      values[name] = value;
  }
  return Object.keys(values).length === 0 ? null : { step, time, values };
}

const isMetric: ReadonlySet<string> = new Set(metricNames);

function known(values: MetricValues): Record<string, number> {
  return Object.fromEntries(
    metricNames.flatMap((name) => {
      const value = values[name];
      return value === undefined || !Number.isFinite(value) ? [] : [[name, value] as const];
    }),
  );
}

function present(fields: Readonly<Record<string, LineValue | undefined>>): Record<string, LineValue> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  );
}
