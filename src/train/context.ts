/**
 * What every phase of a run shares: the engine, the sandbox, the settings, and the run's own counters.
 *
 * Invariant: counters only ever grow and are the same in every run with the same settings, so trajectory numbers (which seed
 * Python's `random`) and rounds are reproducible.
 */
import type { OptimizerSettings, PolicyEngine } from '../engine/engine.ts';
import { CollapseDetector } from '../metrics/collapse.ts';
import { callHistogram } from '../metrics/interaction.ts';
import type { MetricValues } from '../metrics/registry.ts';
import { Random } from '../random/random.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { LengthRange } from '../tasks/problems.ts';
import type { RunEvent, ScoredTrajectory } from './events.ts';
import type { RunSettings } from './settings.ts';

export interface RunDependencies {
  readonly engine: PolicyEngine;
  readonly sandbox: Sandbox;
  readonly settings: RunSettings;
  /** A second engine of the same shape, for the KL reference; asked for only when the KL coefficient is not zero. */
  readonly createReferenceEngine: () => Promise<PolicyEngine>;
}

export class RunContext {
  readonly engine: PolicyEngine;
  readonly sandbox: Sandbox;
  readonly settings: RunSettings;
  readonly random: Random;
  readonly createReferenceEngine: () => Promise<PolicyEngine>;
  readonly collapse: CollapseDetector;
  #round = 0;
  #trajectories = 0;

  constructor({ engine, sandbox, settings, createReferenceEngine }: RunDependencies) {
    this.engine = engine;
    this.sandbox = sandbox;
    this.settings = settings;
    this.createReferenceEngine = createReferenceEngine;
    this.random = new Random(settings.run.seed);
    this.collapse = new CollapseDetector(settings.collapse);
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
    values: MetricValues,
    trajectories: readonly ScoredTrajectory[],
  ): RunEvent[] {
    const round = ++this.#round;
    const events: RunEvent[] = [
      { type: 'round', phase, round, step, values, callCounts: callHistogram(trajectories) },
      { type: 'trajectories', phase, round, trajectories },
    ];
    if (phase === 'sft') return events;
    const density = values['tool_use/avg_tool_calls_per_trajectory'] ?? 0;
    const isReference = this.collapse.reference === null;
    const alarm = this.collapse.observe(round, density);
    if (isReference) events.push({ type: 'collapseReference', round, density });
    if (alarm !== null) events.push({ type: 'collapsed', round: alarm.round, density: alarm.density });
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
