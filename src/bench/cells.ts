/**
 * One cell of the speed test: one kind of work, of one size, on both engines in turn.
 *
 * Both engines do the same work, and that they did is checked: losses or sampled tokens are compared. Nothing is timed
 * before it has run once at the size that is timed: compiling and allocating are not speed. The size is the task's own
 * on a GPU; on a software adapter it is cut down until the slower engine fits the time given, and the cell says so.
 */
import type { GrpoSequence, PolicyEngine } from '../engine/engine.ts';
import type { NamedTensors, PolicyConfig } from '../policy/config.ts';
import { Random } from '../random/random.ts';
import { alternate, fits, type Sample, type Timing } from './alternate.ts';
import { decodingBytes, trainingBytes, trainingFlops } from './cost.ts';
import {
  decodingWork,
  measureRollout,
  measureStep,
  responseTokens,
  sameShare,
  type RolloutMeasurement,
} from './measure.ts';
import type { MeasuredCell, WorkKind } from './report.ts';
import { quantilesOf } from './statistics.ts';
import { leastSamples } from './takeTurns.ts';
import { fullResponse, rolloutWork, trainingBatch, type BenchPreset } from './workload.ts';

/** What cells are measured with. */
export interface Bench extends Timing {
  readonly preset: BenchPreset;
  readonly config: PolicyConfig;
  readonly weights: NamedTensors;
  readonly software: boolean;
  /** In a cell at most, where not as many as the recipe has. */
  readonly sequences: number | undefined;
}

/** Sequences: the recipe's SFT batch, a quarter of its GRPO mini-batch, its rollout batch; less on a software adapter. */
const sequencesOf = { sft: 32, grpo: 64, rollout: 512 } as const;
const softwareSequences = { sft: 32, grpo: 32, rollout: 64 } as const;
/** Response tokens that a rollout has at least, however slow the adapter. */
const leastResponse = 8;

function mostSequences({ software, sequences }: Bench, work: WorkKind): number {
  const most = (software ? softwareSequences : sequencesOf)[work];
  return Math.min(most, sequences ?? most);
}

export function measureCell(bench: Bench, work: WorkKind): Promise<MeasuredCell> {
  return work === 'rollout' ? rolloutCell(bench) : trainingCell(bench, work);
}

async function trainingCell(bench: Bench, kind: 'sft' | 'grpo'): Promise<MeasuredCell> {
  const { preset, config, now } = bench;
  const batchOf = (sequences: number): GrpoSequence[] =>
    trainingBatch(preset, config.vocabularySize, sequences, new Random(`bench/${preset}/${kind}`));
  const full = mostSequences(bench, kind);
  await loadWeights(bench);
  const slower = bench.tfjs ?? bench.wgsl;
  let size: number = full;
  if (bench.software) {
    bench.onStage('finding a size that this adapter can do');
    const run = async (n: number) => (await measureStep(slower, kind, batchOf(n), now)).milliseconds;
    ({ size } = await largestThatFits(bench, 1, full, run));
    await loadWeights(bench);
  }
  const batch = batchOf(size);
  const lengths = batch.map(({ tokens }) => tokens.length);
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const losses: number[] = [];
  const { wgsl, tfjs, ratio } = await alternate(bench, tokens, {
    warmUp: async (engine) => {
      const { loss, milliseconds } = await measureStep(engine, kind, batch, now);
      losses.push(loss);
      // The second is for the steady state, and says how long one takes.
      if (bench.software && !fits(bench, milliseconds)) return milliseconds;
      return (await measureStep(engine, kind, batch, now)).milliseconds;
    },
    sample: async (engine) => measureStep(engine, kind, batch, now),
  });
  const [ours, theirs] = losses;
  const alone = size < full ? await ratesAlone(bench, kind, { least: size, most: full, batchOf }) : undefined;
  const rates = alone ?? { lengths, sequences: size, seconds: wgsl.milliseconds.median / 1000 };
  const rated = rates.lengths.reduce((sum, length) => sum + length, 0);
  return {
    preset,
    work: kind,
    sequences: size,
    tokens,
    steps: null,
    reduced: size < sequencesOf[kind],
    wgsl,
    tfjs,
    ratio,
    disagreement:
      ours === undefined || theirs === undefined ? null : Math.abs(ours - theirs) / Math.abs(theirs),
    wgslRates: {
      flops: trainingFlops(config, rates.lengths) / rates.seconds,
      bytes: trainingBytes(config, rated) / rates.seconds,
      sequences: rates.sequences,
    },
  };
}

/** How long wgsl takes for the largest batch that it has time for when nothing slower has to do the same. */
async function ratesAlone(
  bench: Bench,
  kind: 'sft' | 'grpo',
  { least, most, batchOf }: { least: number; most: number; batchOf: (sequences: number) => GrpoSequence[] },
): Promise<{ lengths: readonly number[]; sequences: number; seconds: number }> {
  bench.onStage('timing wgsl by itself on a larger batch');
  const run = async (n: number) => (await measureStep(bench.wgsl, kind, batchOf(n), bench.now)).milliseconds;
  const { size } = await largestThatFits(bench, least, most, run);
  const samples: number[] = [];
  for (let i = 0; i < leastSamples; i++) samples.push(await run(size));
  const lengths = batchOf(size).map(({ tokens }) => tokens.length);
  return { lengths, sequences: size, seconds: quantilesOf(samples).median / 1000 };
}

async function rolloutCell(bench: Bench): Promise<MeasuredCell> {
  const { preset, config, now } = bench;
  const full = fullResponse(preset);
  const sequences = mostSequences(bench, 'rollout');
  const workOf = (response: number) =>
    rolloutWork(preset, config.vocabularySize, sequences, response, new Random(`bench/${preset}/rollout`));
  await loadWeights(bench); // steps have moved them, each engine's by its own rounding
  const slower = bench.tfjs ?? bench.wgsl;
  let response = full;
  let known: number | null = null; // milliseconds of the slower engine at the size chosen
  if (bench.software) {
    bench.onStage('finding a length that this adapter can do');
    const run = async (n: number) => (await measureRollout(slower, workOf(n), now)).milliseconds;
    ({ size: response, milliseconds: known } = await largestThatFits(bench, leastResponse, full, run));
  }
  const work = workOf(response);
  const results = new Map<PolicyEngine, RolloutMeasurement>();
  const roll = async (engine: PolicyEngine): Promise<Sample> => {
    const result = await measureRollout(engine, work, now);
    results.set(engine, result);
    return { milliseconds: result.milliseconds, jsMilliseconds: null };
  };
  bench.onStage('warming up wgsl');
  const first = await measureRollout(bench.wgsl, work, now);
  const tokens = responseTokens(work, first.sequences); // known only when it has run
  const { wgsl, tfjs, ratio } = await alternate(bench, tokens, {
    warmUp: async (engine) =>
      engine === slower && known !== null ? known : (await roll(engine)).milliseconds,
    sample: roll,
  });
  const { steps, positions } = decodingWork(work, first.sequences);
  const theirs = bench.tfjs ? results.get(bench.tfjs) : undefined;
  return {
    preset,
    work: 'rollout',
    sequences,
    tokens,
    steps,
    reduced: response < full || sequences < sequencesOf.rollout,
    wgsl,
    tfjs,
    ratio,
    disagreement: theirs ? 1 - sameShare(first.sequences, theirs.sequences) : null,
    wgslRates: {
      flops: null,
      bytes: decodingBytes(config, steps, positions) / (wgsl.milliseconds.median / 1000),
      sequences,
    },
  };
}

async function loadWeights({ weights, wgsl, tfjs }: Bench): Promise<void> {
  await wgsl.loadTensors(weights);
  await tfjs?.loadTensors(weights);
}

/**
 * Doubles from `least` to at most `most` while twice the time of the last run would still fit.
 * @returns the size, and how long a run of it takes
 */
async function largestThatFits(
  timing: Timing,
  least: number,
  most: number,
  run: (size: number) => Promise<number>,
): Promise<{ readonly size: number; readonly milliseconds: number }> {
  await run(least); // compiles
  let size = least;
  for (;;) {
    let milliseconds = await run(size);
    // A size that seems too long is tried again, if that is cheap: it may have compiled something for its shape.
    if (!fits(timing, 2 * milliseconds) && fits(timing, milliseconds)) {
      milliseconds = Math.min(milliseconds, await run(size));
    }
    if (size >= most || !fits(timing, 2 * milliseconds)) return { size, milliseconds };
    size = Math.min(most, 2 * size);
  }
}
