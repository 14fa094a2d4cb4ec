/**
 * The recipe's phases as a person sees them: names, progress, and how long it will still take. Times are seconds of active run time
 * (pauses do not count), stamped by whoever listens, since events hold no clock.
 *
 * Invariant (phases.test.ts): an estimate comes from measured rates only and is null while there is none: nothing is guessed before the
 * first units of a phase have been timed.
 */
import { phaseNames, type PhaseName } from '../train/events.ts';
import { evaluationParts } from '../train/evaluationParts.ts';
import type { RunSettings } from '../train/settings.ts';

export interface PhaseView {
  readonly name: PhaseName;
  readonly label: string; // "Cold start", "GRPO stage 1", ...
  readonly help: string; // one sentence
  readonly status: 'waiting' | 'active' | 'done';
  readonly done: number;
  readonly total: number; // 0 while unknown
  readonly unit: string;
  readonly detail: string;
  /** Round at which the phase began, where it has rounds. */
  readonly round: number;
  /** Seconds of active run time at which it began and ended; null while it has not, or where nobody timed it (in a file). */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** Estimate for this phase; null while unknown. */
  readonly secondsLeft: number | null;
}

const texts: Record<PhaseName, { readonly label: string; readonly help: string }> = {
  problems: { label: 'Problems', help: 'Draws the problems, with training and held-out questions disjoint.' },
  teacher: { label: 'Teacher', help: 'The scripted expert writes trajectories; every call is really run.' },
  curation: {
    label: 'Curation',
    help: 'Keeps right answers whose calls all succeeded, of the chosen interaction density.',
  },
  sft: {
    label: 'Cold start',
    help: 'Supervised fine-tuning on the curated trajectories, tool output masked.',
  },
  baseline: { label: 'Baseline', help: 'Evaluates the policy before reinforcement learning changes it.' },
  stage1: { label: 'GRPO stage 1', help: 'Reinforcement learning in the short context.' },
  filter: { label: 'Filter', help: 'Drops the prompts that are always solved and adds longer ones.' },
  stage2: { label: 'GRPO stage 2', help: 'Reinforcement learning in the long context, on longer problems.' },
  evaluation: {
    label: 'Evaluation',
    help: 'Three held-out benchmarks, each under two inference budgets.',
  },
};

interface Mark {
  readonly at: number; // s
  readonly done: number;
}

/** A phase with what is needed to time it. */
export interface PhaseTrack {
  readonly name: PhaseName;
  readonly status: PhaseView['status'];
  readonly done: number;
  readonly total: number;
  readonly unit: string;
  readonly detail: string;
  readonly round: number;
  readonly startedAt: number | null; // s
  readonly endedAt: number | null; // s
  /** The start, then recent progress, at most `maxMarks`. */
  readonly marks: readonly Mark[];
}

const maxMarks = 24;
/** Progress closer together than this is one mark, since events arrive in bunches. */
const markSeconds = 0.25;

function waiting(name: PhaseName): PhaseTrack {
  return {
    name,
    status: 'waiting',
    done: 0,
    total: 0,
    unit: '',
    detail: '',
    round: 0,
    startedAt: null,
    endedAt: null,
    marks: [],
  };
}

/** The phases a run with these settings goes through. */
export function plannedPhases(settings: RunSettings): readonly PhaseTrack[] {
  return phaseNames.filter((name) => name !== 'baseline' || settings.evaluation.afterColdStart).map(waiting);
}

/** Begin a phase; every phase before it is over. A phase that was not planned takes its place. */
export function beginPhase(
  tracks: readonly PhaseTrack[],
  phase: {
    readonly phase: PhaseName;
    readonly total: number;
    readonly unit: string;
    readonly round: number;
  },
  at: number,
): readonly PhaseTrack[] {
  const known = new Map(tracks.map((track) => [track.name, track]));
  const index = phaseNames.indexOf(phase.phase);
  const begun: PhaseTrack = {
    ...waiting(phase.phase),
    status: 'active',
    total: phase.total,
    unit: phase.unit,
    round: phase.round,
    startedAt: at,
    marks: [{ at, done: 0 }],
  };
  return phaseNames.flatMap((name, i) => {
    const track = i === index ? begun : known.get(name);
    return track === undefined ? [] : [i < index ? ended(track, at) : track];
  });
}

function ended(track: PhaseTrack, at: number): PhaseTrack {
  if (track.status === 'done') return track;
  return { ...track, status: 'done', endedAt: track.startedAt === null ? null : at };
}

/** The run is over: so is every phase. */
export function endPhases(tracks: readonly PhaseTrack[], at: number): readonly PhaseTrack[] {
  return tracks.map((track) => ended(track, at));
}

/** Progress within a phase. */
export function advancePhase(
  tracks: readonly PhaseTrack[],
  progress: { readonly phase: PhaseName; readonly done: number; readonly detail?: string },
  at: number,
): readonly PhaseTrack[] {
  return tracks.map((track) => {
    if (track.name !== progress.phase) return track;
    const detail = progress.detail ?? track.detail;
    const marks = progress.done > track.done ? marked(track.marks, { at, done: progress.done }) : track.marks;
    return { ...track, done: progress.done, detail, marks };
  });
}

function marked(marks: readonly Mark[], mark: Mark): readonly Mark[] {
  const before = marks.at(-2);
  const bunched = before !== undefined && mark.at - before.at < markSeconds;
  return [...(bunched ? marks.slice(0, -1) : marks), mark].slice(-maxMarks);
}

/** Measured seconds for one unit of a phase; null before two units apart in time have been seen. */
export function secondsPerUnit(track: PhaseTrack): number | null {
  // The first unit pays for compiling shaders and warming up, so the phase's start counts only while it must.
  const [start, ...progress] = track.marks;
  const first = progress.length >= 2 && start?.done === 0 ? progress[0] : start;
  const last = progress.at(-1);
  if (progress.length < 2 || first === undefined || last === undefined) return null;
  if (last.at <= first.at || last.done <= first.done) return null;
  return (last.at - first.at) / (last.done - first.done);
}

/** Seconds until an active phase is over; null while unknown. */
export function phaseSecondsLeft(track: PhaseTrack, now: number): number | null {
  const perUnit = secondsPerUnit(track);
  const last = track.marks.at(-1);
  if (track.status !== 'active' || track.total === 0 || perUnit === null || last === undefined) return null;
  return Math.max(0, (track.total - last.done) * perUnit - (now - last.at));
}

/** Seconds until the whole run is over; null while some phase to come has no measured counterpart. */
export function runSecondsLeft(
  tracks: readonly PhaseTrack[],
  settings: RunSettings,
  now: number,
): number | null {
  const active = tracks.find((track) => track.status === 'active');
  if (active === undefined) return null;
  let left = phaseSecondsLeft(active, now);
  for (const track of tracks) {
    if (track.status !== 'waiting' || left === null) continue;
    const ahead = secondsAhead(track.name, tracks, settings);
    left = ahead === null ? null : left + ahead;
  }
  return left;
}

function secondsAhead(name: PhaseName, tracks: readonly PhaseTrack[], settings: RunSettings): number | null {
  const find = (wanted: PhaseName) => tracks.find((track) => track.name === wanted);
  const rate = (wanted: PhaseName) => {
    const track = find(wanted);
    return track === undefined ? null : secondsPerUnit(track);
  };
  const { stage1, stage2, evaluation, grpo } = settings;
  switch (name) {
    case 'problems':
    case 'curation':
    case 'filter':
      return 0; // moments
    case 'teacher':
    case 'sft':
    case 'baseline':
    case 'stage1':
      return null;
    case 'stage2': {
      // A rollout's cost grows with its context.
      const perStep = rate('stage1');
      if (stage2.steps === 0) return 0;
      return perStep === null ? null : (stage2.steps * perStep * stage2.context) / stage1.context;
    }
    case 'evaluation': {
      const before = find('baseline');
      const [from, to] = [before?.startedAt ?? null, before?.endedAt ?? null];
      if (from !== null && to !== null) return to - from;
      // Without a baseline: a GRPO step's time for as many samples, which is too much, as nothing is learned here.
      const perStep = rate('stage2') ?? rate('stage1');
      const samples = evaluationParts(settings).length * evaluation.problems * evaluation.samples;
      return perStep === null ? null : (perStep * samples) / (grpo.promptsPerStep * grpo.groupSize);
    }
  }
}

/** What the page draws. */
export function phaseViews(tracks: readonly PhaseTrack[], now: number): readonly PhaseView[] {
  return tracks.map((track) => ({
    name: track.name,
    ...texts[track.name],
    status: track.status,
    done: track.done,
    total: track.total,
    unit: track.unit,
    detail: track.detail,
    round: track.round,
    startedAt: track.startedAt,
    endedAt: track.endedAt,
    secondsLeft: phaseSecondsLeft(track, now),
  }));
}

/** A phase read from a file, without its times. */
export function recordedPhase(
  view: Omit<PhaseView, 'label' | 'help' | 'secondsLeft' | 'startedAt' | 'endedAt'>,
): PhaseTrack {
  return { ...waiting(view.name), ...view };
}
