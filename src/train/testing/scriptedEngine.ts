/**
 * A PolicyEngine for tests that says what it is told to: the recipe's logic without a network.
 *
 * Its sessions pass the same suite as every engine's (scriptedEngine.test.ts), so what holds for the recipe on it holds on a real
 * engine; losses, log-probabilities and weights are constants. `steps` records every batch it was asked to learn from.
 */
import type {
  BatchLoss,
  GrpoStats,
  OptimizerSettings,
  PolicyEngine,
  RolloutEvent,
  RolloutOptions,
  RolloutRequest,
  RolloutSession,
  SequenceLogProbs,
  SftSequence,
  WeightSnapshot,
} from '../../engine/engine.ts';
import { RolloutSequences, type SequenceState } from '../../engine/rolloutSequences.ts';
import { WeightSnapshots } from '../../engine/weightSnapshots.ts';
import { policyConfig, type NamedTensors } from '../../policy/config.ts';
import { tokenIds, vocabularySize } from '../../tasks/vocabulary.ts';

/**
 * What sequence `id` will say, turn by turn: each turn ends with a turn-end or an end token. A sequence whose script is over says
 * padding until its context is full.
 */
export type Script = (id: number, prompt: readonly number[], seed: number) => readonly (readonly number[])[];

/** The log-probability of every token under the engine's weights, and under a snapshot's. */
export const scriptedLogProb = -0.5;
export const snapshotLogProb = -0.75;

export class ScriptedEngine implements PolicyEngine {
  readonly description = {
    engine: 'tfjs',
    backend: 'cpu',
    adapter: 'script',
    isSoftware: true,
    reason: 'A test.',
  } as const;
  readonly config = policyConfig('micro', vocabularySize);
  readonly lost = new Promise<string>(() => undefined);
  readonly steps: { readonly batch: BatchLoss; readonly optimizer: OptimizerSettings }[] = [];
  /** Snapshots that were taken and not disposed of. */
  liveSnapshots = 0;
  readonly #snapshots = new WeightSnapshots<number>(() => this.liveSnapshots--);
  readonly #script: Script;

  constructor(script: Script) {
    this.#script = script;
  }

  async loadTensors(): Promise<void> {}
  async readTensors(): Promise<NamedTensors> {
    return new Map();
  }
  resetOptimizer(): void {}
  async readOptimizer() {
    return { step: 0, m: new Map(), v: new Map() };
  }
  async loadOptimizer(): Promise<void> {}

  async step(batch: BatchLoss, optimizer: OptimizerSettings): Promise<GrpoStats> {
    this.steps.push({ batch, optimizer });
    const tokens = batch.sequences.reduce((sum, { lossMask }) => sum + lossMask.filter(Boolean).length, 0);
    return {
      loss: 1,
      gradNorm: 1,
      tokens,
      entropy: 0.25,
      clipLowFraction: 0,
      clipHighFraction: 0,
      dualClipFraction: 0,
      klToReference: 0,
    };
  }

  gradients(): never {
    throw new Error('The scripted engine has no gradients.');
  }

  async snapshot(): Promise<WeightSnapshot> {
    this.liveSnapshots++;
    return this.#snapshots.add(snapshotLogProb);
  }

  async logProbs(
    sequences: readonly Pick<SftSequence, 'tokens'>[],
    _temperature: number,
    snapshot?: WeightSnapshot,
  ): Promise<readonly SequenceLogProbs[]> {
    const logProb = snapshot === undefined ? scriptedLogProb : this.#snapshots.weightsOf(snapshot);
    return sequences.map(({ tokens }) => ({
      logProbs: new Float32Array(tokens.length).fill(logProb),
      entropies: new Float32Array(tokens.length).fill(0.25),
    }));
  }

  logits(): never {
    throw new Error('The scripted engine has no logits.');
  }

  startRollout(options: RolloutOptions): RolloutSession {
    return new ScriptedSession(this.#script, options);
  }

  dispose(): void {
    this.#snapshots.dispose();
  }
}

/** How many tokens of its script a sequence has said. */
interface Said {
  said: number;
}

class ScriptedSession implements RolloutSession {
  readonly #sequences: RolloutSequences<Said>;
  readonly #running = new Set<SequenceState & Said>();
  readonly #script: (id: number, prompt: readonly number[]) => readonly number[];
  readonly #lines = new Map<number, readonly number[]>();

  constructor(script: Script, options: RolloutOptions) {
    this.#sequences = new RolloutSequences(options, vocabularySize, () => ({ said: 0 }));
    this.#script = (id, prompt) => script(id, prompt, options.seed).flat();
  }

  get live(): number {
    return this.#sequences.live;
  }

  add(requests: readonly RolloutRequest[]): void {
    this.#sequences.add(requests);
    for (const { id, prompt } of requests) this.#lines.set(id, this.#script(id, prompt));
    for (const sequence of this.#sequences.admit(requests.length)) this.#running.add(sequence);
  }

  /** Every running sequence says its next turn, or `maxTokens` tokens of it. */
  advance(maxTokens = Infinity): Promise<readonly RolloutEvent[]> {
    return this.#sequences.advance(async () => {
      for (const sequence of this.#running) {
        const line = this.#lines.get(sequence.id) ?? [];
        for (let i = 0; i < maxTokens && sequence.state === 'running'; i++) {
          const token = line[sequence.said++] ?? tokenIds.pad;
          this.#sequences.appendSampled(sequence, token, scriptedLogProb);
        }
        if (sequence.state === 'done') this.#running.delete(sequence);
      }
    });
  }

  force(id: number, tokens: readonly number[]): void {
    this.#sequences.force(id, tokens);
  }

  finish(id: number): void {
    this.#sequences.finish(id);
  }

  dispose(): void {
    this.#sequences.close();
  }
}
