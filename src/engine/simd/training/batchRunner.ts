/**
 * Runs batches: packed rows in, loss statistics, gradients, steps or log-probabilities out.
 */
import type {
  BatchLoss,
  GrpoObjective,
  GrpoStats,
  OptimizerSettings,
  SequenceLogProbs,
  SftSequence,
  SftStats,
} from '../../engine.ts';
import { neutralObjective, nonFiniteLoss, statsOf, type LossTotals } from '../../layout/batchStats.ts';
import {
  countMasked,
  packSequences,
  TARGET_FLOATS,
  TOKEN_WORDS,
  writeTargets,
  type MicroBatch,
} from '../../layout/packing.ts';
import type { Address } from '../kernelExports.ts';
import type { FlatParameters } from '../model/flatParameters.ts';
import type { SimdModel } from '../model/simdModel.ts';
import type { Team } from '../threads/team.ts';
import { Workspaces } from '../threads/workspaces.ts';
import { partition, type RowRange } from './partition.ts';

/** Floats of a row of statistics: see `loss.ts` in assembly. */
const STATS_FLOATS = 8;

const objectiveKinds = { logProbs: 0, sft: 1, grpo: 2 } as const;

interface Objective extends GrpoObjective {
  readonly kind: keyof typeof objectiveKinds;
  readonly inverseCount: number;
}

export class BatchRunner {
  readonly #model: SimdModel;
  readonly #parameters: FlatParameters;
  readonly #team: Team;
  readonly #workspaces: Workspaces;
  readonly #objective: Address;
  #rows = 0;
  #batch: { address: Address; tokens: Address; targets: Address; rowStats: Address } | undefined;

  constructor(model: SimdModel, parameters: FlatParameters, team: Team) {
    this.#model = model;
    this.#parameters = parameters;
    this.#team = team;
    this.#workspaces = new Workspaces(model, team.threads, true);
    this.#objective = model.kernels.call.objective(0, 0, 0, 1, 0, 0, 0, 0, 0, 0);
  }

  /** One AdamW step, or with `optimizer` undefined only the gradient. @throws NonFiniteLossError */
  async run(batch: BatchLoss, optimizer: OptimizerSettings | undefined): Promise<SftStats | GrpoStats> {
    const count = countMasked(batch);
    const packed = this.#pack(batch.sequences);
    writeTargets(packed, batch);
    const objective = batch.kind === 'grpo' ? batch.objective : neutralObjective;
    const slots = partition(batch.sequences.map(({ tokens }) => tokens.length));
    const weights = this.#parameters.weights(true);
    const settings = { ...objective, kind: batch.kind, inverseCount: 1 / count };
    const rowStats = await this.#loss(packed, slots, settings, weights);
    const squares = this.#parameters.sumGradients(slots.length);
    const gradNorm = Math.sqrt(squares);
    const totals = sumRows(rowStats, packed.rows);
    // As in PyTorch, a norm whose square is beyond float32 is not finite.
    if (!Number.isFinite(totals.loss) || !Number.isFinite(Math.fround(squares))) {
      throw nonFiniteLoss(totals.loss / count, gradNorm);
    }
    if (optimizer) this.#parameters.adamW(Math.min(1, optimizer.maxGradNorm / (gradNorm + 1e-6)), optimizer);
    return statsOf(batch.kind, totals, gradNorm, count);
  }

  /** @param weights other than the engine's own */
  async logProbs(
    sequences: readonly Pick<SftSequence, 'tokens'>[],
    temperature: number,
    weights = this.#parameters.weights(false),
  ): Promise<readonly SequenceLogProbs[]> {
    const out = sequences.map(({ tokens }) => ({
      logProbs: new Float32Array(tokens.length),
      entropies: new Float32Array(tokens.length),
    }));
    const packed = this.#pack(sequences);
    if (packed.rows === 0) return out;
    // No gradient, so no slots: every micro-batch is a task of its own.
    const ranges = partition(sequences.map(({ tokens }) => tokens.length)).flat();
    const objective = {
      ...neutralObjective,
      temperature: temperature === 0 ? 1 : temperature,
      kind: 'logProbs',
      inverseCount: 0,
    } as const;
    const rowStats = await this.#loss(
      packed,
      ranges.map((range) => [range]),
      objective,
      weights,
    );
    for (const { sequence, row } of packed.placed) {
      const { logProbs, entropies } = out[sequence]!;
      for (let t = 1; t < logProbs.length; t++) {
        logProbs[t] = rowStats[(row + t - 1) * STATS_FLOATS + 6]!;
        entropies[t] = rowStats[(row + t - 1) * STATS_FLOATS + 7]!;
      }
    }
    return out;
  }

  /** // [tokens, vocabulary] */
  logits(tokens: Int32Array): Float32Array {
    if (tokens.length === 0) return new Float32Array();
    const { kernels, address, config } = this.#model;
    const packed = this.#pack([{ tokens }]);
    const batch = this.#upload(packed);
    const workspace = this.#workspaces.own(packed.rows, packed.rows);
    const weights = this.#parameters.weights(false);
    kernels.call.forwardRows(address, weights, batch.address, workspace, 0, packed.rows);
    const { vocabularySize } = config;
    const stride = Math.ceil(vocabularySize / 8) * 8;
    const padded = kernels.f32(kernels.call.workspaceLogits(workspace), packed.rows * stride);
    const logits = new Float32Array(packed.rows * vocabularySize);
    for (let row = 0; row < packed.rows; row++) {
      logits.set(padded.subarray(row * stride, row * stride + vocabularySize), row * vocabularySize);
    }
    return logits;
  }

  #pack(sequences: readonly Pick<SftSequence, 'tokens'>[]): MicroBatch {
    return packSequences(sequences, [...sequences.keys()], this.#model.config.vocabularySize);
  }

  /** Each slot's micro-batches, and their gradient unless only log-probabilities are asked for. // -> [rows, STATS_FLOATS] */
  async #loss(
    packed: MicroBatch,
    slots: readonly (readonly RowRange[])[],
    objective: Objective,
    weights: Address,
  ): Promise<Float32Array> {
    const { kernels, address } = this.#model;
    const { size } = this.#parameters;
    const trains = objective.kind !== 'logProbs';
    const { clipLow, clipHigh, dualClip, tisCap, entropyCoefficient, klCoefficient } = objective;
    kernels.call.objective(
      this.#objective,
      objectiveKinds[objective.kind],
      objective.inverseCount,
      objective.temperature,
      clipLow,
      clipHigh,
      dualClip,
      tisCap,
      entropyCoefficient,
      klCoefficient,
    );
    const batch = this.#upload(packed);
    const ranges = slots.flat();
    const table = kernels.allocate(ranges.length * 2, 'the micro-batches');
    kernels.i32(table, ranges.length * 2).set(ranges.flatMap(({ first, rows }) => [first, rows]));
    const gradients = trains ? this.#parameters.gradientSlots(slots.length) : 0;
    const largest = ranges.reduce((most, { rows }) => Math.max(most, rows), 0);
    const longest = longestSequence(packed);
    let placed = 0;
    const tasks = slots.map((slot, i) => {
      const task = {
        kind: 'loss',
        model: address,
        weights,
        batch: batch.address,
        gradient: trains ? gradients + i * size * 4 : 0,
        gradientBytes: size * 4,
        ranges: table + placed * 8,
        count: slot.length,
      } as const;
      placed += slot.length;
      return task;
    });
    try {
      await this.#team.run(tasks, this.#workspaces.table(largest, longest));
    } finally {
      kernels.call.release(table);
    }
    return kernels.f32(batch.rowStats, packed.rows * STATS_FLOATS);
  }

  /** The batch's arrays in the kernels' memory, grown when it asks for more. */
  #upload(packed: MicroBatch) {
    const { kernels } = this.#model;
    this.#model.reach(longestSequence(packed));
    const batch = this.#room(packed.rows);
    kernels.u32(batch.tokens, packed.tokens.length).set(packed.tokens);
    kernels.f32(batch.targets, packed.targets.length).set(packed.targets);
    return batch;
  }

  #room(rows: number) {
    const held = this.#batch;
    if (held && rows <= this.#rows) return held;
    const { kernels } = this.#model;
    if (held) {
      for (const address of [held.tokens, held.targets, held.rowStats, held.address]) {
        kernels.call.release(address);
      }
    }
    this.#batch = undefined;
    const what = `a batch of ${rows} tokens`;
    const tokens = kernels.allocate(rows * TOKEN_WORDS, what);
    const targets = kernels.allocate(rows * TARGET_FLOATS, what);
    const rowStats = kernels.allocate(rows * STATS_FLOATS, what);
    const address = kernels.call.createBatch(tokens, targets, rowStats, this.#objective);
    this.#rows = rows;
    this.#batch = { address, tokens, targets, rowStats };
    return this.#batch;
  }
}

function longestSequence({ placed, rows }: MicroBatch): number {
  return placed.reduce((most, { row }, i) => Math.max(most, (placed[i + 1]?.row ?? rows) - row), 0);
}

/** In the order of the rows, so whoever computed them. // rowStats [rows, STATS_FLOATS] */
function sumRows(rowStats: Float32Array, rows: number): LossTotals {
  const sums = [0, 0, 0, 0, 0, 0];
  for (let row = 0; row < rows; row++) {
    for (let field = 0; field < 6; field++) sums[field]! += rowStats[row * STATS_FLOATS + field]!;
  }
  const [loss, entropy, clipLow, clipHigh, dualClip, kl] = sums as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return { loss, entropy, clipLow, clipHigh, dualClip, kl };
}
