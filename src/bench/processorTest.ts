/**
 * The speed test on processors: our SIMD engine, with one thread and with all, against peers on the same cores.
 *
 * All contestants of a cell get the same weights, batches and prompts, and take turns. That they did the same work is checked where it
 * can be: first losses are compared. Contestants come from outside, so this file knows neither Node nor a page. What has been found so far is
 * reported after every cell.
 */
import { type NamedTensors, type PolicyConfig } from '../policy/config.ts';
import { policyConfig } from '../policy/config.ts';
import { Random } from '../random/random.ts';
import { trainingFlops } from './cost.ts';
import type { Now } from './measure.ts';
import type { Contestant, ContestWork } from './peers/contestant.ts';
import { tokensOf } from './peers/contestant.ts';
import { checkProcessorGoals } from './processorGoals.ts';
import type { ProcessorCell, ProcessorReport } from './processorReport.ts';
import { openProductRate, type ProductRate } from './productRate.ts';
import type { WorkKind } from './report.ts';
import { quantilesOf } from './statistics.ts';
import { takeTurns } from './takeTurns.ts';
import { benchWeights, fullResponse, rolloutWork, trainingBatch, type BenchPreset } from './workload.ts';

export interface ProcessorTestOptions {
  readonly presets: readonly BenchPreset[];
  readonly works: readonly WorkKind[];
  readonly secondsPerCell: number;
  readonly vocabulary: number;
  /** Of the engine `simd`. */
  readonly threads: number;
  /** Who takes part with a policy of this shape; `refuse` is told who cannot, and why. */
  readonly contestants: (
    config: PolicyConfig,
    refuse: (reason: string) => void,
  ) => Promise<readonly Contestant[]>;
  readonly now: Now;
  readonly date: string; // ISO
  readonly host: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly onProgress: (progress: ProcessorProgress) => void;
}

export interface ProcessorProgress {
  readonly doing: string;
  /** Of the whole, 0 to 1. */
  readonly share: number;
  readonly report: ProcessorReport;
}

/** Sequences of a cell: the recipe's SFT batch, as many for GRPO; rollouts small and large. */
export const processorSequences: Readonly<Record<WorkKind, readonly number[]>> = {
  sft: [32],
  grpo: [32],
  rollout: [64, 256],
};

/** A sample of the product kernel's rate lasts this long. */
const productMs = 100;
/** First losses further apart than this are not of the same work. */
const sameLoss = 1e-3;

export async function runProcessorTest(options: ProcessorTestOptions): Promise<ProcessorReport> {
  const { presets, works, vocabulary, onProgress } = options;
  const cells: ProcessorCell[] = [];
  const notes = new Set<string>();
  const products: number[] = [];
  const rate = await openProductRate(options.now);
  const report = (complete: boolean): ProcessorReport => ({
    date: options.date,
    host: options.host,
    versions: options.versions,
    secondsPerCell: options.secondsPerCell,
    threads: options.threads,
    product:
      products.length > 0
        ? { perSecond: quantilesOf(products), of: `${rate.build} build, ${rate.shape}` }
        : null,
    cells: [...cells],
    goals: checkProcessorGoals(cells, options.threads),
    notes: [...notes],
    complete,
  });
  const plan = works.flatMap((work) => processorSequences[work].map((sequences) => ({ work, sequences })));
  const tell = (doing: string) =>
    onProgress({ doing, share: cells.length / (plan.length * presets.length), report: report(false) });
  for (const preset of presets) {
    tell(`${preset}: starting the contestants`);
    const config = policyConfig(preset, vocabulary);
    const contestants = await options.contestants(config, (reason) => notes.add(reason));
    try {
      for (const { work, sequences } of plan) {
        const onStage = (stage: string) => tell(`${preset}, ${work}, ${sequences} sequences: ${stage}`);
        const cell = { options, preset, config, contestants, rate, work, sequences, onStage };
        const found = await measureProcessorCell(cell, products);
        cells.push(found);
        if (found.disagreement !== null && found.disagreement > sameLoss) {
          notes.add(
            `${preset}, ${work}: the contestants’ first losses differ, so they did not do the same work.`,
          );
        }
      }
    } finally {
      for (const contestant of contestants) contestant.dispose();
    }
  }
  const whole = report(true);
  onProgress({ doing: 'done', share: 1, report: whole });
  return whole;
}

interface Cell {
  readonly options: ProcessorTestOptions;
  readonly preset: BenchPreset;
  readonly config: PolicyConfig;
  readonly contestants: readonly Contestant[];
  readonly rate: ProductRate;
  readonly work: WorkKind;
  readonly sequences: number;
  readonly onStage: (stage: string) => void;
}

/** @param products takes the product kernel's rates */
async function measureProcessorCell(cell: Cell, products: number[]): Promise<ProcessorCell> {
  const { options, preset, config, work, sequences } = cell;
  const asked = workOf(cell);
  const weights: NamedTensors = benchWeights(config, new Random(`bench/${preset}`));
  const rates = new Map<Contestant, number[]>();
  const losses: number[] = [];
  let tokens = 0;
  const turns = cell.contestants
    .filter((contestant) => contestant.does(preset, work))
    .map((contestant) => {
      const found: number[] = [];
      rates.set(contestant, found);
      return {
        name: contestant.name,
        warmUp: async () => {
          await contestant.load(weights);
          await contestant.prepare(asked);
          await contestant.load(weights);
          const first = await contestant.run(asked);
          if (first.loss !== null) losses.push(first.loss);
          if (tokens === 0) tokens = first.tokens;
          return (await contestant.run(asked)).milliseconds;
        },
        sample: async (repeats: number) => {
          let milliseconds = 0;
          let done = 0;
          for (let i = 0; i < repeats; i++) {
            const result = await contestant.run(asked);
            milliseconds += result.milliseconds;
            done += result.tokens;
          }
          found.push(done / (milliseconds / 1000));
        },
      };
    });
  const own: number[] = [];
  const product = {
    name: 'the product kernel',
    warmUp: () => Promise.resolve(productMs),
    sample: () => Promise.resolve(void own.push(cell.rate.sample(productMs))),
  };
  const timing = { now: options.now, secondsPerCell: options.secondsPerCell, onStage: cell.onStage };
  await takeTurns(timing, asked.kind === 'rollout' ? turns : [product, ...turns]);
  products.push(...own);
  const alone = [...rates].find(([{ name }]) => name === 'simd1')?.[1];
  const flopsPerToken =
    asked.kind === 'rollout'
      ? null
      : trainingFlops(
          config,
          asked.batch.map((one) => one.tokens.length),
        ) / tokensOf(asked.batch);
  return {
    ...{ preset, work, sequences, tokens },
    entries: [...rates].map(([{ name, label }, found]) => ({ name, label, rates: found })),
    productShares:
      flopsPerToken === null || !alone
        ? null
        : alone.map((tokensPerSecond, i) => (tokensPerSecond * flopsPerToken) / own[i]!),
    disagreement:
      losses.length > 1 ? Math.max(...losses.map((loss) => Math.abs(loss / losses[0]! - 1))) : null,
  };
}

function workOf({ options: { vocabulary }, preset, work, sequences }: Cell): ContestWork {
  const random = new Random(`bench/${preset}/${work}`);
  return work === 'rollout'
    ? { kind: work, work: rolloutWork(preset, vocabulary, sequences, fullResponse(preset), random) }
    : { kind: work, batch: trainingBatch(preset, vocabulary, sequences, random) };
}
