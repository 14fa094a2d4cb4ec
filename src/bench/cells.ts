/**
 * One cell of the benchmark: one kind of work, of one size, on both engines in turn.
 *
 * Invariants. (1) Both engines do the same work, and that they did is checked: losses or sampled tokens are compared. (2) Samples alternate,
 * wgsl then tfjs, so that a machine that slows down slows both; a ratio is of neighbours in time. (3) Nothing is timed before it
 * has run once at the size that is timed: compiling and allocating are not speed. (4) The size is the task's own on a
 * GPU; on a software adapter it is cut down until the slower engine fits the time given, and the cell says so.
 */
import type { GrpoSequence, PolicyEngine } from '../engine/engine.ts';
import type { NamedTensors, PolicyConfig } from '../policy/config.ts';
import { Random } from '../random/random.ts';
import { decodingBytes, trainingBytes, trainingFlops } from './cost.ts';
import type { GpuCounts, GpuTap } from './gpuTap.ts';
import {
  decodingWork,
  measureRollout,
  measureStep,
  responseTokens,
  sameShare,
  type Now,
  type RolloutMeasurement,
} from './measure.ts';
import type { BenchEngineName, Cell, EngineCell, Peak, Work } from './report.ts';
import { spreadOf } from './statistics.ts';
import { fullResponse, rolloutWork, trainingBatch, type BenchPreset } from './workload.ts';

/** What cells are measured with. */
export interface Bench {
  readonly preset: BenchPreset;
  readonly config: PolicyConfig;
  readonly weights: NamedTensors;
  readonly wgsl: PolicyEngine;
  /** Null where tfjs's WebGPU backend does not run. */
  readonly tfjs: PolicyEngine | null;
  readonly software: boolean;
  readonly tap: GpuTap;
  readonly now: Now;
  readonly secondsPerCell: number;
  readonly matmul: Peak;
  readonly copy: Peak;
  /** Told what is being done next. */
  readonly onStage: (stage: string) => void;
}

/** Sequences: the recipe's SFT batch, a quarter of its GRPO mini-batch, its rollout batch; less on a software adapter. */
const sequencesOf = { sft: 32, grpo: 64, rollout: 512 } as const;
const softwareSequences = { sft: 32, grpo: 32, rollout: 64 } as const;
/** Response tokens that a rollout has at least, however slow the adapter. */
const leastResponse = 8;

/** A sample is the mean of as many steps as take this long, so that the timer's grain does not matter. */
const sampleMs = 200;
const mostSamples = 20;
const leastSamples = 3;

export function measureCell(bench: Bench, work: Work): Promise<Cell> {
  return work === 'rollout' ? rolloutCell(bench) : trainingCell(bench, work);
}

interface Sample {
  readonly milliseconds: number;
  readonly jsMilliseconds: number | null;
}

async function trainingCell(bench: Bench, kind: 'sft' | 'grpo'): Promise<Cell> {
  const { preset, config, now } = bench;
  const batchOf = (sequences: number): GrpoSequence[] =>
    trainingBatch(preset, config.vocabularySize, sequences, new Random(`bench/${preset}/${kind}`));
  const full = bench.software ? softwareSequences[kind] : sequencesOf[kind];
  await loadWeights(bench);
  const slower = bench.tfjs ?? bench.wgsl;
  let size: number = full;
  if (bench.software) {
    bench.onStage('finding a size that this adapter can do');
    const run = async (n: number) => (await measureStep(slower, kind, batchOf(n), now)).milliseconds;
    size = await largestThatFits(bench, 1, full, run);
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
  const seconds = wgsl.milliseconds.median / 1000;
  const rate = trainingFlops(config, lengths) / seconds;
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
    wgslShares: {
      matmul: rate / bench.matmul.perSecond.median,
      copy: trainingBytes(config, tokens) / seconds / bench.copy.perSecond.median,
    },
  };
}

async function rolloutCell(bench: Bench): Promise<Cell> {
  const { preset, config, now } = bench;
  const full = fullResponse(preset);
  const sequences = bench.software ? softwareSequences.rollout : sequencesOf.rollout;
  const workOf = (response: number) =>
    rolloutWork(preset, config.vocabularySize, sequences, response, new Random(`bench/${preset}/rollout`));
  await loadWeights(bench); // steps have moved them, each engine's by its own rounding
  const slower = bench.tfjs ?? bench.wgsl;
  let response = full;
  if (bench.software) {
    bench.onStage('finding a length that this adapter can do');
    const run = async (n: number) => (await measureRollout(slower, workOf(n), now)).milliseconds;
    response = await largestThatFits(bench, leastResponse, full, run);
  }
  const work = workOf(response);
  const results = new Map<PolicyEngine, RolloutMeasurement>();
  const roll = async (engine: PolicyEngine): Promise<Sample> => {
    const result = await measureRollout(engine, work, now);
    results.set(engine, result);
    return { milliseconds: result.milliseconds, jsMilliseconds: null };
  };
  // The tokens of a rollout are known only when it has run, so the warm-up counts them.
  const first = await measureRollout(bench.wgsl, work, now);
  const tokens = responseTokens(work, first.sequences);
  const { wgsl, tfjs, ratio } = await alternate(bench, tokens, {
    warmUp: async (engine) => (await roll(engine)).milliseconds,
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
    wgslShares: {
      matmul: null,
      copy:
        decodingBytes(config, steps, positions) /
        (wgsl.milliseconds.median / 1000) /
        bench.copy.perSecond.median,
    },
  };
}

interface Measured {
  readonly name: BenchEngineName;
  readonly engine: PolicyEngine;
  readonly repeats: number;
  readonly samples: Sample[];
  counts: GpuCounts | null;
}

interface Alternation {
  /** Milliseconds of one run. */
  readonly warmUp: (engine: PolicyEngine) => Promise<number>;
  readonly sample: (engine: PolicyEngine) => Promise<Sample>;
}

async function alternate(bench: Bench, tokens: number, { warmUp, sample }: Alternation) {
  const measured: Measured[] = [];
  for (const name of ['wgsl', 'tfjs'] as const) {
    const engine = bench[name];
    if (engine === null) continue;
    bench.onStage(`warming up ${name}`);
    const milliseconds = await warmUp(engine);
    const repeats = Math.max(1, Math.min(200, Math.round(sampleMs / Math.max(0.01, milliseconds))));
    measured.push({ name, engine, repeats, samples: [], counts: null });
  }
  const start = bench.now();
  const late = () => bench.now() - start > bench.secondsPerCell * 1000;
  for (let round = 0; round < mostSamples && !(late() && round >= leastSamples); round++) {
    for (const { name, engine, repeats, samples } of measured) {
      bench.onStage(`timing ${name}, sample ${round + 1}`);
      samples.push(await meanOf(repeats, () => sample(engine)));
    }
    // One pair is all there is time for when a single one takes this long.
    if (bench.now() - start > 3 * bench.secondsPerCell * 1000) break;
  }
  for (const one of measured) {
    bench.onStage(`counting the calls of ${one.name}`);
    one.counts = await bench.tap.count(async () => void (await sample(one.engine)));
  }
  const [wgsl, tfjs] = ['wgsl', 'tfjs'].map((wanted) => measured.find(({ name }) => name === wanted));
  if (!wgsl) throw new Error('The engine of our own was not measured.');
  const ratios = tfjs?.samples.map(
    ({ milliseconds }, i) => milliseconds / (wgsl.samples[i]?.milliseconds ?? NaN),
  );
  return {
    wgsl: engineCell(wgsl, tokens),
    tfjs: tfjs ? engineCell(tfjs, tokens) : null,
    ratio: ratios ? spreadOf(ratios) : null,
  };
}

async function meanOf(repeats: number, sample: () => Promise<Sample>): Promise<Sample> {
  let milliseconds = 0;
  let js: number | null = 0;
  for (let i = 0; i < repeats; i++) {
    const one = await sample();
    milliseconds += one.milliseconds / repeats;
    js = js === null || one.jsMilliseconds === null ? null : js + one.jsMilliseconds / repeats;
  }
  return { milliseconds, jsMilliseconds: js };
}

function engineCell({ samples, counts }: Measured, tokens: number): EngineCell {
  if (!counts) throw new Error('The calls were not counted.');
  const js = samples.flatMap(({ jsMilliseconds }) => (jsMilliseconds === null ? [] : [jsMilliseconds]));
  return {
    tokensPerSecond: spreadOf(samples.map(({ milliseconds }) => tokens / (milliseconds / 1000))),
    milliseconds: spreadOf(samples.map(({ milliseconds }) => milliseconds)),
    jsMilliseconds: js.length === samples.length ? spreadOf(js) : null,
    counts,
  };
}

async function loadWeights({ weights, wgsl, tfjs }: Bench): Promise<void> {
  await wgsl.loadTensors(weights);
  await tfjs?.loadTensors(weights);
}

/** Whether warm-up and three samples of this length fit the cell's time. */
function fits({ secondsPerCell }: Bench, milliseconds: number): boolean {
  return milliseconds * (leastSamples + 1) <= secondsPerCell * 1000;
}

/** Doubles from `least` to at most `most` while twice the time of the last run would still fit. */
async function largestThatFits(
  bench: Bench,
  least: number,
  most: number,
  run: (size: number) => Promise<number>,
): Promise<number> {
  await run(least); // compiles
  let size = least;
  while (size < most && fits(bench, 2 * (await run(size)))) size = Math.min(most, 2 * size);
  return size;
}
