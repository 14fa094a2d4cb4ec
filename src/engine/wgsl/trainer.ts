/**
 * Runs batches on a training plan: micro-batches in, loss statistics, gradients or log-probabilities out.
 *
 * Invariant: the loss is normalised over the whole batch whatever the split; one micro-batch is one submit, and the last one
 * also sums the gradient, takes the norm and steps. The plan grows to the next size when a batch needs it, and is
 * otherwise reused, so the steady state creates no GPU object.
 */
import type { PolicyConfig } from '../../policy/config.ts';
import type {
  BatchLoss,
  GrpoStats,
  OptimizerSettings,
  SequenceLogProbs,
  SftSequence,
  SftStats,
} from '../engine.ts';
import { NonFiniteLossError } from '../engine.ts';
import { readBuffer, readStaging } from './buffers.ts';
import type { Gpu } from './device.ts';
import type { FlatParameters, Totals } from './flatParameters.ts';
import type { KernelLibrary } from './kernels.ts';
import { capacityFor, largestCapacity, widths } from './memoryPlan.ts';
import { countMasked, groupByCapacity, packSequences, writeTargets } from './packing.ts';
import { TrainingPlan, type BatchUniform } from './trainingPlan.ts';

/** Work per submit that keeps a page responsive: tens of milliseconds on a GPU, about a second on a CPU rasteriser. */
const GPU_FLOPS_PER_SUBMIT = 5e10;
const SOFTWARE_FLOPS_PER_SUBMIT = 2e9;

const noObjective = {
  inverseCount: 0,
  temperature: 1,
  clipLow: 0,
  clipHigh: 0,
  dualClip: 0,
  tisCap: 0,
  entropyCoefficient: 0,
  klCoefficient: 0,
} as const;

export interface SubmitCounts {
  submits: number;
  dispatches: number;
}

export class Trainer {
  readonly #gpu: Gpu;
  readonly #library: KernelLibrary;
  readonly #config: PolicyConfig;
  readonly #parameters: FlatParameters;
  readonly #budget: number;
  readonly #largest: number;
  #plan: TrainingPlan | undefined;
  /** Of the last `step`, for benchmarks and the tests that hold the budget. */
  readonly lastStep: SubmitCounts = { submits: 0, dispatches: 0 };

  constructor(
    gpu: Gpu,
    library: KernelLibrary,
    config: PolicyConfig,
    parameters: FlatParameters,
    budget: number,
    maxRows = Infinity,
  ) {
    this.#gpu = gpu;
    this.#library = library;
    this.#config = config;
    this.#parameters = parameters;
    this.#budget = budget;
    const flops = gpu.isSoftware ? SOFTWARE_FLOPS_PER_SUBMIT : GPU_FLOPS_PER_SUBMIT;
    const { limits } = gpu.device;
    this.#largest = Math.min(maxRows, largestCapacity(config, parameters.layout.size, limits, budget, flops));
  }

  /** One AdamW step, or with `optimizer` undefined only the gradient. */
  async run(batch: BatchLoss, optimizer: OptimizerSettings | undefined): Promise<SftStats | GrpoStats> {
    const count = countMasked(batch);
    const { plan, groups } = await this.#planFor(batch.sequences);
    const { device } = this.#gpu;
    const objective = batch.kind === 'grpo' ? batch.objective : noObjective;
    this.#parameters.uploadSettings(optimizer);
    groups.forEach((members, index) => {
      const micro = packSequences(batch.sequences, members, this.#config.vocabularySize);
      writeTargets(micro, batch);
      plan.upload(this.#gpu, micro, {
        ...objective,
        accumulate: index > 0,
        objective: batch.kind,
        inverseCount: 1 / count,
      });
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      plan.encode(pass, micro.rows, ['body', 'head', 'loss', 'backward']);
      const last = index === groups.length - 1;
      if (last) this.#parameters.encode(pass, optimizer !== undefined);
      pass.end();
      if (last) this.#parameters.encodeTotals(encoder);
      device.queue.submit([encoder.finish()]);
    });
    this.lastStep.submits = groups.length;
    this.lastStep.dispatches = plan.dispatchCount * groups.length + this.#parameters.dispatchCount;
    const totals = await this.#parameters.readTotals();
    const finite = totals.finite && Number.isFinite(totals.loss) && Number.isFinite(totals.gradNorm);
    if (!finite) {
      throw new NonFiniteLossError(
        `The loss (${totals.loss / count}) or the gradient norm (${totals.gradNorm}) is not a finite number; the weights were left as they were.`,
      );
    }
    if (optimizer) this.#parameters.stepped();
    return statsOf(batch.kind, totals, count);
  }

  async logProbs(
    sequences: readonly Pick<SftSequence, 'tokens'>[],
    temperature: number,
  ): Promise<readonly SequenceLogProbs[]> {
    const out = sequences.map(({ tokens }) => ({
      logProbs: new Float32Array(tokens.length),
      entropies: new Float32Array(tokens.length),
    }));
    if (!sequences.some(({ tokens }) => tokens.length > 0)) return out;
    const { plan, groups } = await this.#planFor(sequences);
    const staging = plan.buffers.get('rowStaging');
    for (const members of groups) {
      const micro = packSequences(sequences, members, this.#config.vocabularySize);
      this.#submitForward(
        plan,
        micro,
        { ...noObjective, temperature },
        ['body', 'head', 'loss'],
        (encoder) => {
          encoder.copyBufferToBuffer(plan.buffers.get('rowStats'), 0, staging, 0, micro.rows * 32);
        },
      );
      const rows = new Float32Array(await readStaging(this.#gpu, staging, micro.rows * 32));
      for (const { sequence, row } of micro.placed) {
        const one = out[sequence];
        if (!one) continue;
        for (let t = 1; t < one.logProbs.length; t++) {
          one.logProbs[t] = rows[(row + t - 1) * 8 + 6] ?? NaN;
          one.entropies[t] = rows[(row + t - 1) * 8 + 7] ?? NaN;
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
    this.#submitForward(plan, micro, noObjective, ['body', 'head']);
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

  /** The plan that holds at least `rows` rows. */
  async planOf(rows: number): Promise<TrainingPlan> {
    if (this.#plan && this.#plan.capacity >= rows) return this.#plan;
    const capacity = capacityFor(rows);
    this.#plan?.destroy();
    this.#plan = undefined;
    const plan = await TrainingPlan.create(
      this.#gpu,
      this.#library,
      this.#config,
      this.#parameters,
      capacity,
      this.#budget,
    );
    this.#plan = plan;
    return plan;
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
    const plan = await this.planOf(Math.max(longest, Math.min(total, this.#largest)));
    // A plan grown for one long sequence still takes ordinary batches in submits of the usual size.
    const groups = groupByCapacity(lengths, Math.max(longest, Math.min(plan.capacity, this.#largest)));
    return { plan, groups };
  }

  #submitForward(
    plan: TrainingPlan,
    micro: ReturnType<typeof packSequences>,
    settings: Omit<BatchUniform, 'rows' | 'accumulate' | 'objective'>,
    parts: Parameters<TrainingPlan['encode']>[2],
    after?: (encoder: GPUCommandEncoder) => void,
  ): void {
    plan.upload(this.#gpu, micro, { ...settings, accumulate: false, objective: 'logProbs' });
    const encoder = this.#gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    plan.encode(pass, micro.rows, parts);
    pass.end();
    after?.(encoder);
    this.#gpu.device.queue.submit([encoder.finish()]);
  }
}

function statsOf(kind: BatchLoss['kind'], totals: Totals, count: number): SftStats | GrpoStats {
  const sft = { loss: totals.loss / count, gradNorm: totals.gradNorm, tokens: count };
  if (kind === 'sft') return sft;
  return {
    ...sft,
    entropy: totals.entropy / count,
    clipLowFraction: totals.clipLow / count,
    clipHighFraction: totals.clipHigh / count,
    dualClipFraction: totals.dualClip / count,
    klToReference: totals.kl / count,
  };
}
