/**
 * What every phase of a run shares: the engine, the sandbox, the settings, and the run's own counters.
 *
 * Counters only ever grow and are the same in every run with the same settings, so trajectory numbers (which seed
 * Python's `random`) and rounds are reproducible.
 */
import type { OptimizerSettings, PolicyEngine, SftStats } from '../engine/engine.ts';
import type { NamedTensors } from '../policy/config.ts';
import { CollapseDetector } from '../metrics/collapse.ts';
import { callHistogram, type InteractionMetrics } from '../metrics/interaction.ts';
import { Random } from '../random/random.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { LengthRange } from '../tasks/problems.ts';
import { stepsDone, type ResumablePhase, type RunCheckpoint, type RunPosition } from './checkpoint.ts';
import type { RunEvent, ScoredTrajectory } from './events.ts';
import type { StepResult } from './optimizerSteps.ts';
import type { RunSettings } from './settings.ts';

export interface RunDependencies {
  readonly engine: PolicyEngine;
  readonly sandbox: Sandbox;
  readonly settings: RunSettings;
  /** Weights to begin with, e.g. those of a collapsed run that is to be rescued; freshly drawn where absent. */
  readonly initialTensors?: NamedTensors;
  /** Go on from here instead of from the beginning. Its settings must be `settings`. */
  readonly from?: RunCheckpoint;
}

/** How often each prompt was solved on its last visit in stage 1: problem id -> right answers among its G samples. */
export type SolvedCounts = Map<string, number>;

export class RunContext {
  readonly engine: PolicyEngine;
  readonly sandbox: Sandbox;
  readonly settings: RunSettings;
  readonly random: Random;
  readonly solved: SolvedCounts;
  /** The weights after the cold start, once they are needed as the KL penalty's reference. */
  referenceTensors: NamedTensors | null;
  readonly #collapse: CollapseDetector;
  readonly #from: RunPosition | null;
  #round = 0;
  #trajectories = 0;

  constructor({ engine, sandbox, settings, from }: RunDependencies) {
    this.engine = engine;
    this.sandbox = sandbox;
    this.settings = settings;
    this.random = new Random(settings.run.seed);
    this.#from = from?.position ?? null;
    this.solved = new Map(from?.position.solved);
    this.referenceTensors = from?.reference ?? null;
    this.#collapse = new CollapseDetector(settings.collapse, from?.position.collapse);
  }

  /** Steps of a phase that an earlier session of this run has taken: 0 for a phase that begins, Infinity for one that is over. */
  stepsDone(phase: ResumablePhase): number {
    return stepsDone(this.#from, phase);
  }

  /** Set the counters to where the earlier session stopped, once everything before it has been made again. */
  restoreCounters(): void {
    this.#round = this.#from?.round ?? this.#round;
    this.#trajectories = this.#from?.trajectories ?? this.#trajectories;
  }

  /** What the cold start's next step reported, where the checkpoint was taken when it had been asked for; undefined elsewhere. */
  get stepAhead(): StepResult<SftStats> | undefined {
    return this.#from?.ahead;
  }

  /**
   * What a tick offers after `done` steps of `phase`. The position is that of this moment; the weights are read when called.
   * @param ahead the cold start's next step, where it was asked for already
   */
  checkpointAfter(
    phase: ResumablePhase,
    done: number,
    ahead?: Promise<StepResult<SftStats>>,
  ): () => Promise<RunCheckpoint> {
    const position: RunPosition = {
      phase,
      done,
      round: this.#round,
      trajectories: this.#trajectories,
      collapse: this.#collapse.memory,
      solved: [...this.solved],
    };
    return async () => ({
      settings: this.settings,
      position: ahead === undefined ? position : { ...position, ahead: await ahead },
      tensors: await this.engine.readTensors(),
      optimizer: await this.engine.readOptimizer(),
      reference: this.referenceTensors,
    });
  }

  /** Rollout batches so far. */
  get round(): number {
    return this.#round;
  }

  /** Reserve `count` trajectory numbers for the sandbox's namespaces; returns the first. */
  reserveTrajectories(count: number): number {
    const first = this.#trajectories;
    this.#trajectories += count;
    return first;
  }

  /** Close a rollout batch: its metrics, its histogram, its trajectories. */
  finishRound(
    phase: 'sft' | 'stage1' | 'stage2',
    step: number,
    values: InteractionMetrics,
    trajectories: readonly ScoredTrajectory[],
  ): RunEvent[] {
    const round = ++this.#round;
    const events: RunEvent[] = [
      { type: 'round', phase, round, step, values, callCounts: callHistogram(trajectories) },
      { type: 'trajectories', phase, round, trajectories },
    ];
    if (phase === 'sft') return events;
    const density = values['tool_use/avg_tool_calls_per_trajectory'];
    const isMeasuring = this.#collapse.reference === null;
    const alarm = this.#collapse.observe(round, density, trajectories.length);
    const { reference, referenceSample } = this.#collapse;
    if (isMeasuring && reference !== null)
      events.push({ type: 'collapseReference', round, density: reference, trajectories: referenceSample });
    if (alarm !== null) events.push({ type: 'collapsed', ...alarm });
    return events;
  }

  optimizer(learningRate: number, weightDecay: number): OptimizerSettings {
    return { ...this.settings.optimizer, learningRate, weightDecay };
  }
}

/** Numbers of steps of a stage's problems. */
export function stageLengths(stage: RunSettings['stage1']): LengthRange {
  return { min: stage.minLength, max: stage.maxLength };
}
