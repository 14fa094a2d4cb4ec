/**
 * The whole benchmark: the adapter's peaks, then for each preset training and rollouts on both engines, then the targets.
 *
 * Invariants. (1) It reads no clock of its own and touches no page. (2) wgsl and tfjs share the adapter but not the device, and only one of
 * them works at a time. (3) What has been found so far is told after every cell, so a benchmark that is stopped has lost only the
 * cell it was in. (4) Where tfjs's WebGPU backend does not run, that is a note with its reason, and wgsl is measured alone.
 */
import type { PolicyEngine } from '../engine/engine.ts';
import { createTfjsEngine } from '../engine/tfjs/tfjsEngine.ts';
import { openDevice } from '../engine/wgsl/device/device.ts';
import { createWgslEngine } from '../engine/wgsl/wgslEngine.ts';
import { parameterCount, policyConfig, type PolicyConfig } from '../policy/config.ts';
import { Random } from '../random/random.ts';
import { measureCell } from './cells.ts';
import type { GpuTap } from './gpuTap.ts';
import type { Now } from './measure.ts';
import { measureCopy, measureMatmul } from './peaks.ts';
import type { BenchReport, Cell, MeasuredCell, Peak, Work } from './report.ts';
import { checkTargets } from './targets.ts';
import { benchWeights, type BenchPreset } from './workload.ts';

export interface BenchOptions {
  readonly presets: readonly BenchPreset[];
  readonly works?: readonly Work[];
  /** For the samples of one cell; starting, compiling and warming up come on top. */
  readonly secondsPerCell: number;
  readonly vocabulary: number;
  /** The GPU; `navigator.gpu` must be this one's too (`offerGpu`), because the portable engine knows no other door. */
  readonly tap: GpuTap;
  readonly now: Now;
  readonly date: string; // ISO
  /** Where this runs, in words. */
  readonly host: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly onProgress: (progress: BenchProgress) => void;
}

export interface BenchProgress {
  readonly doing: string;
  /** Of the whole, 0 to 1. */
  readonly share: number;
  /** What has been found so far; null until the adapter's peaks are known. */
  readonly report: BenchReport | null;
}

const allWorks: readonly Work[] = ['sft', 'grpo', 'rollout'];
const workNames: Readonly<Record<Work, string>> = { sft: 'SFT', grpo: 'GRPO', rollout: 'rollouts' };

export async function benchmark(options: BenchOptions): Promise<BenchReport> {
  const { tap, presets, onProgress } = options;
  const works = options.works ?? allWorks;
  onProgress({ doing: 'opening the adapter', share: 0, report: null });
  let adapter = await measureAdapter(options, (doing) => onProgress({ doing, share: 0, report: null }));
  const cells: MeasuredCell[] = [];
  const parameters: Partial<Record<BenchPreset, number>> = {};
  const notes: string[] = adapter.software ? [softwareNote] : [];
  const { date, host, versions, secondsPerCell, vocabulary, now } = options;
  const { software } = adapter;
  const report = (complete: boolean): BenchReport => {
    const shared = cells.map((cell) => withShares(cell, adapter));
    return {
      ...{ date, host, versions, secondsPerCell, ...adapter, complete },
      parameters: { ...parameters },
      cells: shared,
      targets: checkTargets(shared, adapter.software),
      notes: cells.some(({ reduced }) => reduced) ? [...notes, reducedNote] : [...notes],
    };
  };
  const tell = (doing: string) =>
    onProgress({ doing, share: cells.length / (presets.length * works.length), report: report(false) });
  for (const preset of presets) {
    const config = policyConfig(preset, vocabulary);
    parameters[preset] = parameterCount(config);
    tell(`${preset}: starting the engines`);
    const engines = await startEngines(config, tap.gpu, (reason) => {
      if (!notes.includes(reason)) notes.push(reason);
    });
    try {
      const weights = benchWeights(config, new Random(`bench/${preset}`));
      for (const work of works) {
        const onStage = (stage: string) => tell(`${preset}, ${workNames[work]}: ${stage}`);
        const bench = { preset, config, weights, ...engines, software, tap, now, secondsPerCell, onStage };
        cells.push(await measureCell(bench, work));
        tell(`${preset}, ${workNames[work]}: done`);
      }
    } finally {
      engines.wgsl.dispose();
      engines.tfjs?.dispose();
    }
    // A machine that was busy at the start would make every share too large: the best that was ever seen counts.
    adapter = better(adapter, await measureAdapter(options, tell));
  }
  const whole = report(true);
  onProgress({ doing: 'done', share: 1, report: whole });
  return whole;
}

const softwareNote =
  'This is a software adapter: a processor imitates a GPU and arithmetic dominates, so nothing here says anything about a graphics card.';
const reducedNote =
  'Work was cut down to what the slower engine can do here in the time given (marked *); both engines got the same. Shares are wgsl’s on the largest batch that it has time for itself.';

interface Adapter {
  readonly adapter: string;
  readonly software: boolean;
  readonly matmul: Peak;
  readonly copy: Peak;
}

async function measureAdapter(
  { tap, now }: BenchOptions,
  onStage: (doing: string) => void,
): Promise<Adapter> {
  const gpu = await openDevice(tap.gpu);
  try {
    onStage(`measuring the matmul rate of ${gpu.adapterName}`);
    const matmul = await measureMatmul(gpu, now);
    onStage('measuring the copy bandwidth');
    const copy = await measureCopy(gpu, now);
    return { adapter: gpu.adapterName, software: gpu.isSoftware, matmul, copy };
  } finally {
    gpu.destroy();
  }
}

function better(before: Adapter, after: Adapter): Adapter {
  const best = (a: Peak, b: Peak) => (b.perSecond.median > a.perSecond.median ? b : a);
  return { ...before, matmul: best(before.matmul, after.matmul), copy: best(before.copy, after.copy) };
}

function withShares(cell: MeasuredCell, { matmul, copy }: Adapter): Cell {
  const { flops, bytes } = cell.wgslRates;
  return {
    ...cell,
    wgslShares: {
      matmul: flops === null ? null : flops / matmul.perSecond.median,
      copy: bytes / copy.perSecond.median,
    },
  };
}

async function startEngines(
  config: PolicyConfig,
  gpu: GPU,
  onRefusal: (reason: string) => void,
): Promise<{ readonly wgsl: PolicyEngine; readonly tfjs: PolicyEngine | null }> {
  const wgsl = await createWgslEngine({ config, gpu });
  try {
    const tfjs = await createTfjsEngine({
      config,
      preferredBackends: ['webgpu'],
      acceptSoftwareAdapter: true,
    });
    return { wgsl, tfjs };
  } catch (error) {
    onRefusal(
      `TensorFlow.js could not be compared: ${error instanceof Error ? error.message : String(error)}`,
    );
    return { wgsl, tfjs: null };
  }
}
