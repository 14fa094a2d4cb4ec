/**
 * Runs batches on a training plan: micro-batches in, loss statistics, gradients or log-probabilities out.
 *
 * Invariant: the loss is normalised over the whole batch whatever the split; a step is at most MAX_SUBMITS submits on a GPU, and its
 * last micro-batch also sums the gradient, takes the norm and steps. The plan grows to the next size when a batch needs it,
 * and is otherwise reused, so the steady state creates no GPU object.
 */
import type { PolicyConfig } from '../../../policy/config.ts';
import type {
  BatchLoss,
  GrpoStats,
  OptimizerSettings,
  SequenceLogProbs,
  SftSequence,
  SftStats,
} from '../../engine.ts';
import { nonFiniteLoss, statsOf } from '../../layout/batchStats.ts';
import { readBuffer, readStaging } from '../device/buffers.ts';
import type { Gpu } from '../device/device.ts';
import type { FlatParameters, QueuedStep } from '../model/flatParameters.ts';
import { encodeDispatches, type Dispatch } from '../kernels/dispatchList.ts';
import type { KernelLibrary } from '../kernels/kernels.ts';
import { widths, type TrainingShape } from '../memory/bufferSizes.ts';
import { largestMicroBatch, MAX_SUBMITS, trainingShape, type DeviceLimits } from '../memory/memoryPlan.ts';
import { countMasked, groupByCapacity, packSequences, writeTargets } from '../../layout/packing.ts';
import { noObjective, type BatchUniform } from '../kernels/batchUniform.ts';
import { TrainingPlan } from './trainingPlan.ts';

export interface SubmitCounts {
  submits: number;
  dispatches: number;
}

export class BatchRunner {
  readonly #gpu: Gpu;
  readonly #library: KernelLibrary;
  readonly #config: PolicyConfig;
  readonly #parameters: FlatParameters;
  readonly #limits: DeviceLimits;
  readonly #largest: number;
  #plan: TrainingPlan | undefined;
  /** Of the last `step`, for benchmarks and the tests that hold the budget. */
  readonly lastStep: SubmitCounts = { submits: 0, dispatches: 0 };

  constructor(
    gpu: Gpu,
    library: KernelLibrary,
    config: PolicyConfig,
    parameters: FlatParameters,
    limits: DeviceLimits,
  ) {
    this.#gpu = gpu;
    this.#library = library;
    this.#config = config;
    this.#parameters = parameters;
    this.#limits = limits;
    this.#largest = largestMicroBatch(config, limits);
  }

  /**
   * Queue one AdamW step, or with `optimizer` undefined only the gradient. Resolves when it is queued, with a function that waits for it
   * and rejects with `NonFiniteLossError` where the GPU skipped it; to be called once, in the order of the steps.
   */
  async queue(
    batch: BatchLoss,
    optimizer: OptimizerSettings | undefined,
  ): Promise<() => Promise<SftStats | GrpoStats>> {
    const count = countMasked(batch);
    const { plan, groups } = await this.#planFor(batch.sequences);
    const { device } = this.#gpu;
    const objective = batch.kind === 'grpo' ? batch.objective : noObjective;
    this.#parameters.uploadSettings(optimizer);
    // A software adapter takes one micro-batch a submit, about a second's work: more would freeze the page that shares its cores.
    const submits = this.#limits.isSoftware ? groups.length : Math.min(groups.length, MAX_SUBMITS);
    const share = Math.ceil(groups.length / submits);
    this.lastStep.submits = 0;
    let queued: QueuedStep | undefined;
    for (let first = 0; first < groups.length; first += share) {
      const encoder = device.createCommandEncoder();
      groups.slice(first, first + share).forEach((members, place) => {
        const micro = packSequences(batch.sequences, members, this.#config.vocabularySize);
        writeTargets(micro, batch);
        plan.upload(this.#gpu, place, micro, {
          ...objective,
          accumulate: first + place > 0,
          objective: batch.kind,
          inverseCount: 1 / count,
        });
        plan.encodeInputs(encoder, place, micro);
        const pass = encoder.beginComputePass();
        plan.encode(pass, micro.rows);
        if (first + place === groups.length - 1) this.#parameters.encode(pass, optimizer !== undefined);
        pass.end();
      });
      if (first + share >= groups.length)
        queued = this.#parameters.encodeTotals(encoder, optimizer !== undefined);
      device.queue.submit([encoder.finish()]);
      this.lastStep.submits++;
    }
    this.lastStep.dispatches = plan.dispatchCount * groups.length + this.#parameters.dispatchCount;
    const last = queued;
    if (last === undefined) throw new Error('A batch that has something to learn from has rows.');
    return async () => {
      const totals = await this.#parameters.readTotals(last);
      if (!totals.finite) throw nonFiniteLoss(totals.loss / count, totals.gradNorm);
      return statsOf(batch.kind, totals, totals.gradNorm, count);
    };
  }

  /** @param weights other than the engine's own // [layout.size] */
  async logProbs(
    sequences: readonly Pick<SftSequence, 'tokens'>[],
    temperature: number,
    weights?: GPUBuffer,
  ): Promise<readonly SequenceLogProbs[]> {
    const out = sequences.map(({ tokens }) => ({
      logProbs: new Float32Array(tokens.length),
      entropies: new Float32Array(tokens.length),
    }));
    if (!sequences.some(({ tokens }) => tokens.length > 0)) return out;
    const { plan, groups } = await this.#planFor(sequences);
    const { body, head, loss } = weights ? await plan.forwardOf(weights) : plan.forward;
    const settings = { ...noObjective, temperature: temperature === 0 ? 1 : temperature };
    const staging = plan.buffers.get('rowStaging');
    for (const members of groups) {
      const micro = packSequences(sequences, members, this.#config.vocabularySize);
      this.#submitForward(plan, micro, settings, [body, head, loss], (encoder) => {
        encoder.copyBufferToBuffer(plan.buffers.get('rowStats'), 0, staging, 0, micro.rows * 32);
      });
      const rows = new Float32Array(await readStaging(this.#gpu, staging, micro.rows * 32));
      for (const { sequence, row } of micro.placed) {
        const { logProbs, entropies } = out[sequence]!;
        for (let t = 1; t < logProbs.length; t++) {
          logProbs[t] = rows[(row + t - 1) * 8 + 6]!;
          entropies[t] = rows[(row + t - 1) * 8 + 7]!;
        }
      }
    }
    return out;
  }

  /** // [tokens, vocabulary] */
  async logits(tokens: Int32Array): Promise<Float32Array> {
    if (tokens.length === 0) return new Float32Array();
    const { plan } = await this.#planFor([{ tokens }]);
    const micro = packSequences([{ tokens }], [0], this.#config.vocabularySize);
    const { body, head } = plan.forward;
    this.#submitForward(plan, micro, noObjective, [body, head]);
    const { vocabulary, vocabularyStride } = widths(this.#config);
    const padded = await readBuffer(
      this.#gpu,
      plan.buffers.get('logits'),
      tokens.length * vocabularyStride * 4,
    );
    const logits = new Float32Array(tokens.length * vocabulary);
    for (let t = 0; t < tokens.length; t++) {
      const from = t * vocabularyStride;
      logits.set(padded.subarray(from, from + vocabulary), t * vocabulary);
    }
    return logits;
  }

  /** A plan of at least this shape. */
  async planOf(wanted: TrainingShape): Promise<TrainingPlan> {
    const plan = this.#plan;
    if (plan && plan.shape.rows >= wanted.rows && plan.shape.uploads >= wanted.uploads) return plan;
    const shape = {
      rows: Math.max(plan?.shape.rows ?? 0, wanted.rows),
      uploads: Math.max(plan?.shape.uploads ?? 0, wanted.uploads),
    };
    plan?.destroy();
    this.#plan = undefined;
    this.#plan = await TrainingPlan.create(
      this.#gpu,
      this.#library,
      this.#config,
      this.#parameters,
      shape,
      this.#limits,
    );
    return this.#plan;
  }

  /** Rows that one micro-batch should hold at most. */
  get largestRows(): number {
    return this.#largest;
  }

  dispose(): void {
    this.#plan?.destroy();
    this.#plan = undefined;
  }

  async #planFor(sequences: readonly Pick<SftSequence, 'tokens'>[]) {
    const lengths = sequences.map(({ tokens }) => tokens.length);
    const longest = lengths.reduce((a, b) => Math.max(a, b), 0);
    const total = lengths.reduce((a, b) => a + b, 0);
    const plan = await this.planOf(trainingShape(this.#config, { rows: total, longest }, this.#limits));
    // A plan grown for one long sequence still takes ordinary batches in micro-batches of the usual size.
    const groups = groupByCapacity(lengths, Math.max(longest, Math.min(plan.shape.rows, this.#largest)));
    return { plan, groups };
  }

  #submitForward(
    plan: TrainingPlan,
    micro: ReturnType<typeof packSequences>,
    settings: Omit<BatchUniform, 'rows' | 'accumulate' | 'objective'>,
    lists: readonly (readonly Dispatch[])[],
    after?: (encoder: GPUCommandEncoder) => void,
  ): void {
    plan.upload(this.#gpu, 0, micro, { ...settings, accumulate: false, objective: 'logProbs' });
    const encoder = this.#gpu.device.createCommandEncoder();
    plan.encodeInputs(encoder, 0, micro);
    const pass = encoder.beginComputePass();
    for (const list of lists) encodeDispatches(pass, list, micro.rows);
    pass.end();
    after?.(encoder);
    this.#gpu.device.queue.submit([encoder.finish()]);
  }
}
