/**
 * From events to what is known of a run: a pure reducer, without memory or clock.
 *
 * Invariant (runView.test.ts): memory is bounded. The last rounds are kept whole, of each earlier one a single group, and of those a
 * thinned selection.
 */
import type { CurationReport } from '../curation/curate.ts';
import { collapseThreshold, leastReference, startsSparse } from '../metrics/collapse.ts';
import type { Trajectory } from '../tasks/trajectory.ts';
import type {
  BenchmarkResult,
  PhaseName,
  PromptFilterReport,
  RunEvent,
  ScoredTrajectory,
} from '../train/events.ts';
import { tellingGroup } from '../train/inspected.ts';
import type { RunSettings } from '../train/settings.ts';
import type { KeptWeights } from './keptWeights.ts';
import { withProbeRound, type ProbeView } from './probe.ts';
import { advancePhase, beginPhase, endPhases, plannedPhases, type PhaseTrack } from './phases.ts';

export type { BenchmarkResult, PhaseName, PromptFilterReport, ScoredTrajectory };

/** Rollouts of one batch, kept for the inspector. */
export interface RoundView {
  readonly round: number;
  readonly phase: PhaseName;
  readonly trajectories: readonly ScoredTrajectory[];
}

export interface CollapseView {
  /** Known after `round`; `trajectories` is what it was measured on, absent in a file from before that was said. */
  readonly reference: {
    readonly round: number;
    readonly density: number;
    readonly trajectories?: number | undefined;
  } | null;
  /** Below this moving average a run is in the collapse zone; null before the cold start has ended. */
  readonly threshold: number | null;
  /** The average left the zone's edge in round `since` (absent in older files), which was confirmed in `round`. */
  readonly alarm: {
    readonly round: number;
    readonly since?: number | undefined;
    readonly density: number;
  } | null;
  /** The rule, in words, with this run's numbers. */
  readonly rule: string;
}

/** Everything known of a run but its series (`RunSeries`). */
export interface RunView {
  readonly phases: readonly PhaseTrack[];
  readonly rounds: readonly RoundView[]; // newest last; only the last few are whole
  /** The same problems answered again and again; null where the run asks none, or has not yet. */
  readonly probe: ProbeView | null;
  /** Rounds whose weights lie in files beside the run's: what can be asked later. */
  readonly weights: readonly KeptWeights[];
  readonly curation: { readonly report: CurationReport; readonly kept: readonly Trajectory[] } | null;
  readonly promptFilter: PromptFilterReport | null;
  readonly benchmarks: readonly BenchmarkResult[];
  readonly collapse: CollapseView;
}

/** Rounds whose trajectories are all kept. */
export const wholeRounds = 8;
/** Earlier rounds of which one group is kept; when there are more, every second one goes. */
export const sampledRounds = 64;

/** Before the first event of a run with these settings. */
export function emptyRun(settings: RunSettings): RunView {
  return {
    phases: plannedPhases(settings),
    rounds: [],
    probe: null,
    weights: [],
    curation: null,
    promptFilter: null,
    benchmarks: [],
    collapse: { reference: null, threshold: null, alarm: null, rule: collapseRule(settings, null) },
  };
}

/**
 * The view after one event.
 * @param at seconds of active run time at which the event arrived
 */
export function reduceRun(run: RunView, event: RunEvent, settings: RunSettings, at: number): RunView {
  switch (event.type) {
    case 'phase':
      return { ...run, phases: beginPhase(run.phases, event, at) };
    case 'progress':
      return { ...run, phases: advancePhase(run.phases, event, at) };
    case 'sft':
    case 'round':
      return run; // series: see RunSeries
    case 'trajectories':
      return { ...run, rounds: withTrajectories(run.rounds, event) };
    case 'probe':
      return { ...run, probe: withProbeRound(run.probe, event) };
    case 'curation':
      return { ...run, curation: { report: event.report, kept: event.kept } };
    case 'promptFilter':
      return { ...run, promptFilter: event.report };
    case 'benchmark':
      return { ...run, benchmarks: [...run.benchmarks, event.result] };
    case 'collapseReference':
      return { ...run, collapse: withReference(run.collapse, event, settings) };
    case 'collapsed':
      return {
        ...run,
        collapse: {
          ...run.collapse,
          alarm: {
            round: event.round,
            ...(event.since === undefined ? {} : { since: event.since }),
            density: event.density,
          },
        },
      };
    case 'done':
      return { ...run, phases: endPhases(run.phases, at) };
  }
}

function withReference(
  collapse: CollapseView,
  { round, density, trajectories }: Extract<RunEvent, { readonly type: 'collapseReference' }>,
  settings: RunSettings,
): CollapseView {
  return {
    ...collapse,
    reference: { round, density, ...(trajectories === undefined ? {} : { trajectories }) },
    threshold: collapseThreshold(settings.collapse, density),
    rule: collapseRule(settings, density),
  };
}

/** The alarm's rule in words, with this run's numbers once they are known. */
function collapseRule({ collapse }: RunSettings, density: number | null): string {
  const { share, calls, patience } = collapse;
  const steps = patience === 1 ? 'one step' : `${patience} steps in a row`;
  const start = 'Collapse: the moving average of tool calls per trajectory stays below';
  if (density === null) {
    return `${start} ${share} of its value after the cold start, or below ${calls} if that was ${2 * calls} or more, for ${steps}.`;
  }
  const measured = density.toFixed(2);
  if (density < leastReference)
    return `The cold start hardly calls the tool (${measured} calls per trajectory), so there is nothing whose loss could be told; the alarm keeps silent.`;
  const threshold = collapseThreshold(collapse, density);
  const origin =
    threshold > share * density
      ? `${calls} is the floor; ${share} of the ${measured} after the cold start would be less`
      : `${share} of the ${measured} after the cold start`;
  const sparse = startsSparse(collapse, density)
    ? ` With ${measured} calls this cold start is what the paper already calls collapsed; the alarm tells whether even that is lost.`
    : '';
  return `${start} ${threshold.toFixed(2)} (${origin}) for ${steps}.${sparse}`;
}

function withTrajectories(rounds: readonly RoundView[], event: RoundView): readonly RoundView[] {
  const { phase, round, trajectories } = event;
  const last = rounds.at(-1);
  if (last !== undefined && last.phase === phase && last.round === round) {
    const joined = { ...last, trajectories: [...last.trajectories, ...trajectories] };
    return [...rounds.slice(0, -1), joined];
  }
  const all = [...rounds, { phase, round, trajectories }];
  const whole = all.slice(-wholeRounds);
  const leaving = all.slice(0, -wholeRounds);
  const newest = leaving.at(-1);
  if (newest !== undefined)
    leaving[leaving.length - 1] = { ...newest, trajectories: tellingGroup(newest.trajectories) };
  return [...(leaving.length > sampledRounds ? thinned(leaving) : leaving), ...whole];
}

/** Every second round, the first and the newest among them. */
function thinned(rounds: readonly RoundView[]): readonly RoundView[] {
  return rounds.filter((_, i) => i % 2 === 0 || i === rounds.length - 1);
}
