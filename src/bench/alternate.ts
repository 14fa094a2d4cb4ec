/**
 * Samples of two GPU engines in turn, and the calls of one run counted apart.
 *
 * A run in which calls are counted is not timed, unless a run takes so long that a second one would cost more than the counting does.
 */
import type { PolicyEngine } from '../engine/engine.ts';
import type { GpuCounts, GpuTap } from './gpuTap.ts';
import type { BenchEngineName, EngineCell } from './report.ts';
import { quantilesOf, type Quantiles } from './statistics.ts';
import { leastSamples, takeTurns, type TurnTiming } from './takeTurns.ts';

/** What runs are timed with. */
export interface Timing extends TurnTiming {
  readonly wgsl: PolicyEngine;
  /** Null where tfjs's WebGPU backend does not run. */
  readonly tfjs: PolicyEngine | null;
  readonly tap: GpuTap;
}

export interface Sample {
  readonly milliseconds: number;
  readonly jsMilliseconds: number | null;
}

export interface Alternation {
  /** Milliseconds of one run, when everything is compiled. */
  readonly warmUp: (engine: PolicyEngine) => Promise<number>;
  readonly sample: (engine: PolicyEngine) => Promise<Sample>;
}

export interface Alternated {
  readonly wgsl: EngineCell;
  readonly tfjs: EngineCell | null;
  readonly ratio: Quantiles | null;
}

/** Runs longer than this are counted while they are timed: a flag and an addition per call are nothing beside it. */
const longRunMs = 1000;

interface Measured {
  readonly name: BenchEngineName;
  readonly engine: PolicyEngine;
  readonly samples: Sample[];
  counts: GpuCounts | null;
}

/** @param tokens of one run */
export async function alternate(
  timing: Timing,
  tokens: number,
  { warmUp, sample }: Alternation,
): Promise<Alternated> {
  const { tap, onStage } = timing;
  const measured: Measured[] = [];
  for (const name of ['wgsl', 'tfjs'] as const) {
    const engine = timing[name];
    if (engine !== null) measured.push({ name, engine, samples: [], counts: null });
  }
  await takeTurns(
    timing,
    measured.map((one) => {
      let long = false;
      return {
        name: one.name,
        warmUp: async () => {
          const milliseconds = await warmUp(one.engine);
          long = milliseconds > longRunMs;
          return milliseconds;
        },
        sample: async (repeats) => {
          const take = async () => void one.samples.push(await meanOf(repeats, () => sample(one.engine)));
          if (long && one.counts === null) one.counts = await tap.count(take);
          else await take();
        },
      };
    }),
  );
  for (const one of measured) {
    if (one.counts !== null) continue;
    onStage(`counting the calls of ${one.name}`);
    one.counts = await tap.count(async () => void (await sample(one.engine)));
  }
  const [wgsl, tfjs] = ['wgsl', 'tfjs'].map((wanted) => measured.find(({ name }) => name === wanted));
  if (!wgsl) throw new Error('The engine of our own was not measured.');
  const ratios = tfjs?.samples.map(({ milliseconds }, i) => milliseconds / wgsl.samples[i]!.milliseconds);
  return {
    wgsl: engineCell(wgsl, tokens),
    tfjs: tfjs ? engineCell(tfjs, tokens) : null,
    ratio: ratios ? quantilesOf(ratios) : null,
  };
}

/** Whether warm-up and the samples of a run of this length fit the cell's time. */
export function fits({ secondsPerCell }: Timing, milliseconds: number): boolean {
  return milliseconds * (leastSamples + 1) <= secondsPerCell * 1000;
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
    tokensPerSecond: quantilesOf(samples.map(({ milliseconds }) => tokens / (milliseconds / 1000))),
    milliseconds: quantilesOf(samples.map(({ milliseconds }) => milliseconds)),
    jsMilliseconds: js.length === samples.length ? quantilesOf(js) : null,
    counts,
  };
}
