/**
 * What a run tells the world: a stream of plain, serialisable events.
 *
 * Invariant: events hold no clock readings, so two runs with the same seed on the same backend emit the same stream
 * (a test compares them). Whoever listens may stamp them with time. Everything in them survives structured clone.
 */
import type { CurationReport } from '../curation/curate.ts';
import type { MetricValues } from '../metrics/registry.ts';
import type { BenchmarkName } from '../tasks/problems.ts';
import type { Trajectory } from '../tasks/trajectory.ts';
import type { RunCheckpoint } from './checkpoint.ts';

/** The recipe's steps, in order. `baseline` is the evaluation after the cold start. */
export const phaseNames = [
  'problems',
  'teacher',
  'curation',
  'sft',
  'baseline',
  'stage1',
  'filter',
  'stage2',
  'evaluation',
] as const;
export type PhaseName = (typeof phaseNames)[number];

/** Where the probe is asked: after the cold start, and in every step of the stages. */
export const probePhases = ['sft', 'stage1', 'stage2'] as const;
export type ProbePhase = (typeof probePhases)[number];

/** The longest sequence that a setting allows, tokens. */
export const longestSequence = 2048;

/** A rollout as it was rewarded. */
export interface ScoredTrajectory extends Trajectory {
  readonly reward: number;
  /** 0 where no advantage is defined (probes, evaluation). */
  readonly advantage: number;
  /** Which prompt of the batch, and which sample of its group. */
  readonly prompt: number;
  readonly sample: number;
  /** What the round's updates made of it, where it is among those kept to be read (train/inspected.ts). */
  readonly update?: TrajectoryUpdate;
}

/** A rollout as the policy sees it after the updates that it was learned from. */
export interface TrajectoryUpdate {
  /** log-probability of each sampled token after the round's updates, at the sampling temperature; 0 where forced. // [tokens] */
  readonly logProbsNow: Float32Array;
  /** Tokens that the loss of its mini-batch is a mean over. 0: this trajectory was left out of the loss. */
  readonly lossTokens: number;
  /** Sum of the absolute advantages of those tokens: before the update a token's share of the loss is its own over this. */
  readonly lossWeight: number;
}

/** What one inference budget gave on one benchmark. */
export interface BenchmarkResult {
  /** When: after the cold start (`baseline`) or at the end (`evaluation`). */
  readonly phase: 'baseline' | 'evaluation';
  readonly benchmark: BenchmarkName;
  readonly budget: 'short' | 'long';
  readonly context: number; // tokens
  readonly calls: number; // calls allowed
  readonly k: number;
  readonly problems: number;
  /** val-core/<benchmark>/acc/mean@k */
  readonly meanAtK: number;
  /** val-core/<benchmark>/acc/best@k: share of problems solved at least once. */
  readonly passAtK: number;
  /** How it was sampled; absent in a recording of a time when there was one temperature, the settings'. */
  readonly temperature?: number | undefined;
  /** Standard error of `meanAtK`, clustered by problem; absent where unknown. */
  readonly standardError?: number | undefined;
  readonly toolCalls: number; // per trajectory
  /** Standard error of `toolCalls`, clustered by problem. */
  readonly toolCallsError?: number | undefined;
  readonly truncated: number; // share
  readonly responseLength: number; // tokens
}

/**
 * The always-solved filter between the stages, and what stage 2's prompts are made of (promptFilter.ts).
 *
 * `prompts` less `dropped`, `otherLength` and `spare` go on to stage 2, where `filled` and `added` join them. A recording of a
 * time before these were counted lacks `otherLength`, `spare` and `filled`.
 */
export interface PromptFilterReport {
  readonly prompts: number;
  /** Prompts that stage 1 visited at least once. */
  readonly visited: number;
  /** Visited prompts whose every sample was right. */
  readonly dropped: number;
  /** Prompts that were not dropped, but are shorter or longer than every problem of stage 2. */
  readonly otherLength?: number;
  /** Prompts that were not dropped, but are more than stage 2 takes. */
  readonly spare?: number;
  /** Prompts longer than any of stage 1's that join for stage 2. */
  readonly added: number;
  /** Fresh prompts of stage 1's lengths, where too few of stage 1's own were left. */
  readonly filled?: number;
  /** Visited prompts by how many of the G samples of their last visit were right. // [groupSize + 1] */
  readonly solvedHistogram: readonly number[];
}

export type RunEvent =
  | {
      readonly type: 'phase';
      readonly phase: PhaseName;
      readonly total: number;
      readonly unit: string;
      readonly round: number;
    }
  | { readonly type: 'progress'; readonly phase: PhaseName; readonly done: number; readonly detail?: string }
  /** One cold-start optimizer step. */
  | { readonly type: 'sft'; readonly step: number; readonly values: MetricValues }
  /**
   * One rollout batch and what was learned from it. `round` counts rollout batches from the run's start (probes during the
   * cold start included): it is the x axis of everything that is measured on rollouts.
   */
  | {
      readonly type: 'round';
      readonly phase: 'sft' | 'stage1' | 'stage2';
      readonly round: number;
      readonly step: number; // within the phase; for probes the SFT step
      readonly values: MetricValues;
      readonly callCounts: readonly number[]; // trajectories by number of calls, index = calls
    }
  | {
      readonly type: 'trajectories';
      readonly phase: PhaseName;
      readonly round: number;
      readonly trajectories: readonly ScoredTrajectory[];
    }
  /** The probe's problems, each answered once by the policy as the round's updates left it (train/probe.ts). */
  | {
      readonly type: 'probe';
      readonly phase: ProbePhase;
      readonly round: number;
      readonly trajectories: readonly ScoredTrajectory[];
    }
  | { readonly type: 'curation'; readonly report: CurationReport; readonly kept: readonly Trajectory[] }
  | { readonly type: 'promptFilter'; readonly report: PromptFilterReport }
  | { readonly type: 'benchmark'; readonly result: BenchmarkResult }
  /** The cold start's density, which the alarm compares with, known after `round` from so many trajectories. */
  | {
      readonly type: 'collapseReference';
      readonly round: number;
      readonly density: number;
      readonly trajectories?: number;
    }
  /** The alarm goes off: the average left the zone's edge in round `since`, which is confirmed in `round`. */
  | {
      readonly type: 'collapsed';
      readonly round: number;
      readonly since?: number;
      readonly density: number;
    }
  | { readonly type: 'done' };

/** One unit of work (an optimizer step or a rollout chunk): the run can be held between any two. */
export interface RunTick {
  readonly events: readonly RunEvent[];
  /** True where a person who presses Step expects to stop: after an SFT step, a GRPO step, a phase, a benchmark. */
  readonly boundary: boolean;
  /** Tokens trained on or sampled in this unit, for the rate of tokens a second. */
  readonly tokens: number;
  /** Where the run can go on from later: takes everything that takes. Only to be called before the next tick is pulled. */
  readonly checkpoint?: () => Promise<RunCheckpoint>;
}
