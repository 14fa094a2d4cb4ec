/**
 * A PolicyEngine for tests that says what it is told to: the recipe's logic without a network.
 *
 * Invariant: it keeps the interface's contract to the letter (masks, turns, forced tokens, context), so what holds for the recipe on
 * it holds on a real engine. `steps` records every batch it was asked to learn from.
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
} from '../../engine/engine.ts';
import { policyConfig, type NamedTensors } from '../../policy/config.ts';
import { vocabularySize } from '../../tasks/vocabulary.ts';

/** The turns that sequence `id` will speak: each ends with a turn-end or an end token, or runs into the context. */
export type Script = (id: number, prompt: readonly number[], seed: number) => readonly (readonly number[])[];

export const scriptedLogProb = -0.5;

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

  async logProbs(sequences: readonly Pick<SftSequence, 'tokens'>[]): Promise<readonly SequenceLogProbs[]> {
    return sequences.map(({ tokens }) => ({
      logProbs: new Float32Array(tokens.length).fill(scriptedLogProb),
      entropies: new Float32Array(tokens.length).fill(0.25),
    }));
  }

  logits(): never {
    throw new Error('The scripted engine has no logits.');
  }

  startRollout(options: RolloutOptions): RolloutSession {
    return new ScriptedSession(this.#script, options);
  }

  dispose(): void {}
}

interface Row {
  readonly id: number;
  readonly turns: number[][];
  readonly tokens: number[];
  readonly mask: number[];
  state: 'running' | 'waiting' | 'stopping' | 'overflowing';
}

class ScriptedSession implements RolloutSession {
  readonly #script: Script;
  readonly #options: RolloutOptions;
  readonly #rows = new Map<number, Row>();

  constructor(script: Script, options: RolloutOptions) {
    this.#script = script;
    this.#options = options;
  }

  get live(): number {
    return this.#rows.size;
  }

  add(requests: readonly RolloutRequest[]): void {
    for (const { id, prompt } of requests) {
      const turns = this.#script(id, prompt, this.#options.seed).map((turn) => [...turn]);
      this.#rows.set(id, { id, turns, tokens: [...prompt], mask: prompt.map(() => 0), state: 'running' });
    }
  }

  async advance(): Promise<readonly RolloutEvent[]> {
    return [...this.#rows.values()].flatMap((row) => this.#advanceRow(row));
  }

  #advanceRow(row: Row): RolloutEvent[] {
    if (row.state === 'waiting') return [];
    if (row.state === 'stopping') return [this.#finish(row, 'stopped')];
    if (row.state === 'overflowing') return [this.#finish(row, 'context')];
    for (const token of row.turns.shift() ?? []) {
      if (row.tokens.length >= this.#options.context) break;
      row.tokens.push(token);
      row.mask.push(1);
      if (this.#options.endTokens.includes(token)) return [this.#finish(row, 'end')];
      if (this.#options.turnEndTokens.includes(token)) {
        row.state = 'waiting';
        return [{ type: 'turn', sequence: snapshot(row) }];
      }
    }
    return row.tokens.length >= this.#options.context || row.turns.length === 0
      ? [this.#finish(row, 'context')]
      : [];
  }

  #finish(row: Row, reason: 'end' | 'context' | 'stopped'): RolloutEvent {
    this.#rows.delete(row.id);
    return { type: 'finished', reason, sequence: snapshot(row) };
  }

  force(id: number, tokens: readonly number[]): void {
    const row = this.#rows.get(id);
    if (row === undefined) throw new Error(`There is no sequence ${id}.`);
    const room = this.#options.context - row.tokens.length;
    row.tokens.push(...tokens.slice(0, room));
    row.mask.push(...tokens.slice(0, room).map(() => 0));
    row.state = tokens.length > room ? 'overflowing' : 'running';
  }

  finish(id: number): void {
    const row = this.#rows.get(id);
    if (row !== undefined) row.state = 'stopping';
  }

  dispose(): void {
    this.#rows.clear();
  }
}

function snapshot(row: Row) {
  return {
    id: row.id,
    tokens: Int32Array.from(row.tokens),
    lossMask: Uint8Array.from(row.mask),
    logProbs: Float32Array.from(row.mask, (sampled) => (sampled === 1 ? scriptedLogProb : 0)),
  };
}
