/**
 * Who is timed on processors: our engine, other engines of ours, and peers from elsewhere, behind one interface.
 *
 * Invariant: a name stands for one kind of contestant in reports, goals and command-line options alike.
 */
import type { BatchLoss, GrpoSequence, PolicyEngine } from '../../engine/engine.ts';
import type { NamedTensors } from '../../policy/config.ts';
import { measureRollout, measureStep, responseTokens, type Now } from '../measure.ts';
import type { BenchPreset, RolloutWork } from '../workload.ts';

export const contestantNames = ['simd1', 'simd', 'tfjs', 'jax', 'torch', 'wgsl'] as const;
/** `simd1` has one thread, `simd` one a processor; `wgsl` runs on a software adapter. */
export type ContestantName = (typeof contestantNames)[number];

/** What one contestant is asked to do in one cell. */
export type ContestWork =
  | { readonly kind: BatchLoss['kind']; readonly batch: readonly GrpoSequence[] }
  | { readonly kind: 'rollout'; readonly work: RolloutWork };

export interface ContestResult {
  readonly milliseconds: number;
  /** Of a training batch before the step; null for rollouts. */
  readonly loss: number | null;
  /** Of a training batch; of a rollout those after the prompts, sampled and forced. */
  readonly tokens: number;
}

export interface Contestant {
  readonly name: ContestantName;
  /** For people: what it is and on how many threads. */
  readonly label: string;
  /** Whether it takes part in such work at all. */
  readonly does: (preset: BenchPreset, kind: ContestWork['kind']) => boolean;
  load(weights: NamedTensors): Promise<void>;
  /** Get ready for work whose time is then taken: what is not part of a run's time. */
  prepare(work: ContestWork): Promise<void>;
  run(work: ContestWork): Promise<ContestResult>;
  dispose(): void;
}

/** An engine of this project. */
export function engineContestant(
  name: ContestantName,
  label: string,
  engine: PolicyEngine,
  now: Now,
  does: Contestant['does'],
): Contestant {
  return {
    ...{ name, label, does },
    load: (weights) => engine.loadTensors(weights),
    prepare: () => Promise.resolve(),
    run: async (work) => {
      if (work.kind === 'rollout') {
        const { milliseconds, sequences } = await measureRollout(engine, work.work, now);
        return { milliseconds, loss: null, tokens: responseTokens(work.work, sequences) };
      }
      const { milliseconds, loss } = await measureStep(engine, work.kind, work.batch, now);
      return { milliseconds, loss, tokens: tokensOf(work.batch) };
    },
    dispose: () => engine.dispose(),
  };
}

export function tokensOf(batch: readonly GrpoSequence[]): number {
  return batch.reduce((sum, { tokens }) => sum + tokens.length, 0);
}
