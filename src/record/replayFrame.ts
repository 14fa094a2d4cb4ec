/**
 * A recorded run as it stood at an earlier moment, so that it can be played again. A file has no clock for its rounds, so the unit of
 * time is the rollout round: frame r is the moment at which round r had been measured, frame 0 the beginning of the cold start, and the
 * last frame, after the last round, has the final evaluation.
 *
 * Invariants (replayFrame.test.ts). (1) A cut shows nothing that had not happened: no later round, step, benchmark, alarm or trajectory,
 * and the phases as they stood. (2) Cuts only leave out; every number in one is the file's. (3) The last frame is the file itself.
 */
import { metricNames, type MetricName } from '../metrics/registry.ts';
import type { PhaseTrack } from './phases.ts';
import { probeUpTo } from './probe.ts';
import { emptyRun, type RunView } from './runView.ts';
import type { RecordedRun } from './recordedRun.ts';
import type { SeriesColumns } from './metricSeries.ts';
import type { RecordedSeries } from './runSeries.ts';

/** The last frame: one more than there are rounds. */
export function lastFrame({ series }: Pick<RecordedRun, 'series'>): number {
  return (series.rounds.x.at(-1) ?? 0) + 1;
}

/** The run as it stood at a frame. */
export function cutRun(run: RecordedRun, frame: number): RecordedRun {
  if (frame >= lastFrame(run)) return run;
  const steps = coldStartSteps(run, frame);
  const phases = run.view.phases.map((phase) => cutPhase(phase, run.view, frame, steps));
  return { ...run, series: cutSeries(run.series, frame, steps), view: { ...cutView(run, frame), phases } };
}

/** Rounds that had been measured when a phase began; null for a phase that never did. */
function beginning({ phases }: RunView, name: PhaseTrack['name']): number | null {
  const phase = phases.find((one) => one.name === name);
  return phase === undefined || phase.status === 'waiting' ? null : phase.round;
}

/**
 * Cold-start steps that had been taken. Its probes are the rounds before what follows it, evenly spread over its steps
 * (train/sft.ts); between two of them there is no telling, so a cut stands at the one that had been measured.
 */
function coldStartSteps({ view, series, settings }: RecordedRun, frame: number): number {
  const all = series.sft.x.at(-1) ?? 0;
  const sft = view.phases.find(({ name }) => name === 'sft');
  if (sft === undefined || sft.status === 'waiting') return 0;
  const total = sft.total === 0 ? all : sft.total;
  const probes = Math.max(1, settings.sft.probes);
  const probe = Math.min(probes, Math.max(0, frame - sft.round));
  const after = beginning(view, 'baseline') ?? beginning(view, 'stage1');
  if (after !== null && frame >= after && frame > sft.round) return all;
  return Math.min(all, Math.ceil((probe * total) / probes));
}

function cutPhase(phase: PhaseTrack, view: RunView, frame: number, steps: number): PhaseTrack {
  if (phase.status === 'waiting') return phase;
  const waiting = { ...phase, status: 'waiting', done: 0, total: 0, unit: '', detail: '' } as const;
  const standing = (done: number): PhaseTrack =>
    done >= phase.total && phase.status === 'done'
      ? phase
      : { ...phase, status: 'active', done: Math.min(done, phase.done), detail: '' };
  switch (phase.name) {
    case 'problems':
    case 'teacher':
    case 'curation':
      return phase; // over before the first frame
    case 'sft':
      return standing(steps);
    case 'stage1':
    case 'stage2':
      // A stage without steps is over as soon as what follows it has begun.
      if (phase.total === 0) return frame > phase.round ? phase : waiting;
      return frame > phase.round ? standing(frame - phase.round) : waiting;
    case 'baseline':
    case 'filter':
      return isFollowed(view, phase.name, frame) ? phase : waiting;
    case 'evaluation':
      return waiting; // comes with the last frame
  }
}

/** Whether a round of reinforcement learning had been measured since a phase that measures none itself. */
function isFollowed({ phases }: RunView, name: PhaseTrack['name'], frame: number): boolean {
  const later = phases.slice(phases.findIndex((phase) => phase.name === name) + 1);
  return later.some(
    (phase) =>
      (phase.name === 'stage1' || phase.name === 'stage2') &&
      phase.status !== 'waiting' &&
      frame > phase.round,
  );
}

function cutView(run: RecordedRun, frame: number): Omit<RunView, 'phases'> {
  const { view, settings } = run;
  const measuredBefore = isFollowed(view, 'baseline', frame);
  const { reference, alarm } = view.collapse;
  const known = reference !== null && reference.round <= frame;
  return {
    curation: view.curation,
    rounds: view.rounds.filter(({ phase, round }) => {
      switch (phase) {
        case 'evaluation':
          return false;
        case 'baseline':
          return measuredBefore;
        case 'problems':
        case 'teacher':
        case 'curation':
        case 'sft':
        case 'stage1':
        case 'filter':
        case 'stage2':
          return round <= frame;
      }
    }),
    probe: probeUpTo(view.probe, frame),
    weights: view.weights.filter(({ round }) => round <= frame),
    promptFilter: isFollowed(view, 'filter', frame) ? view.promptFilter : null,
    benchmarks: measuredBefore ? view.benchmarks.filter(({ phase }) => phase === 'baseline') : [],
    collapse: known
      ? { ...view.collapse, alarm: alarm !== null && alarm.round <= frame ? alarm : null }
      : emptyRun(settings).collapse,
  };
}

function cutSeries(series: RecordedSeries, frame: number, steps: number): RecordedSeries {
  const rounds = rowsUpTo(series.rounds, frame);
  const sft = rowsUpTo(series.sft, steps);
  return {
    rounds,
    sft,
    histograms: series.histograms.filter(({ round }) => round <= frame),
    latest: { ...newest(sft), ...newest(rounds) },
  };
}

function rowsUpTo({ x, metrics }: SeriesColumns, last: number): SeriesColumns {
  const rows = x.filter((value) => value <= last).length;
  const cut: Partial<Record<MetricName, readonly (number | null)[]>> = {};
  for (const name of metricNames) {
    const column = metrics[name]?.slice(0, rows);
    if (column?.some((value) => value !== null) === true) cut[name] = column;
  }
  return { x: x.slice(0, rows), metrics: cut };
}

/** Each metric's newest value. */
function newest({ metrics }: SeriesColumns): RecordedSeries['latest'] {
  const latest: Partial<Record<MetricName, number>> = {};
  for (const name of metricNames) {
    const value = metrics[name]?.findLast((one) => one !== null);
    if (value !== undefined && value !== null) latest[name] = value;
  }
  return latest;
}
