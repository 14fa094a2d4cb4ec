/**
 * The speed test: the adapter's peaks, then for each preset training and rollouts on both engines, then the targets.
 *
 * The clock is handed in, and no page is touched. wgsl and tfjs share the adapter but not the device, and only one of them works at
 * a time. What has been found so far is reported after every cell, so a test that is stopped has lost only the cell it was in. Where
 * tfjs's WebGPU backend does not run, a note gives the reason, and wgsl is measured alone.
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
import type { BenchReport, TimedCell, MeasuredCell, Peak, WorkKind } from './report.ts';
import { checkTargets } from './targets.ts';
import { benchPresets, benchWeights, type BenchPreset } from './workload.ts';

export interface BenchOptions {
  readonly presets: readonly BenchPreset[];
  readonly works?: readonly WorkKind[];
  /** For the samples of one cell; starting, compiling and warming up come on top. */
  readonly secondsPerCell: number;
  /** In a cell at most; default: the recipe's batches, on a software adapter less. */
  readonly sequences?: number;
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

const allWorks: readonly WorkKind[] = ['sft', 'grpo', 'rollout'];
const workNames: Readonly<Record<WorkKind, string>> = { sft: 'SFT', grpo: 'GRPO', rollout: 'rollouts' };

export async function runSpeedTest(options: BenchOptions): Promise<BenchReport> {
  const { presets, onProgress } = options;
  const unknown = presets.find((preset) => !benchPresets.includes(preset));
  // Before the adapter is measured, which takes a while.
  if (unknown !== undefined) throw new Error(`There is no preset “${unknown}” to measure.`);
  const works = options.works ?? allWorks;
  onProgress({ doing: 'opening the adapter', share: 0, report: null });
  const findings = new Findings(
    options,
    await measureAdapter(options, (doing) => onProgress({ doing, share: 0, report: null })),
  );
  const tell = (doing: string) => {
    const share = findings.cells.length / (presets.length * works.length);
    onProgress({ doing, share, report: findings.report(false) });
  };
  for (const preset of presets) {
    await timePreset(options, works, preset, findings, tell);
    // A machine that was busy at the start would make every share too large: the best that was ever seen counts.
    findings.adapter = better(findings.adapter, await measureAdapter(options, tell));
  }
  const whole = findings.report(true);
  onProgress({ doing: 'done', share: 1, report: whole });
  return whole;
}

/** Both engines on one preset: every kind of work in turn. */
async function timePreset(
  { vocabulary, tap, now, secondsPerCell, sequences }: BenchOptions,
  works: readonly WorkKind[],
  preset: BenchPreset,
  findings: Findings,
  tell: (doing: string) => void,
): Promise<void> {
  const config = policyConfig(preset, vocabulary);
  findings.parameters[preset] = parameterCount(config);
  tell(`${preset}: starting the engines`);
  const engines = await startEngines(config, tap.gpu, (reason) => findings.notes.add(reason));
  try {
    const weights = benchWeights(config, new Random(`bench/${preset}`));
    const { software } = findings.adapter;
    for (const work of works) {
      const onStage = (stage: string) => tell(`${preset}, ${workNames[work]}: ${stage}`);
      const timing = { tap, now, secondsPerCell, onStage };
      const bench = { preset, config, weights, ...engines, software, sequences, ...timing };
      findings.cells.push(await measureCell(bench, work));
      tell(`${preset}, ${workNames[work]}: done`);
    }
  } finally {
    engines.wgsl.dispose();
    engines.tfjs?.dispose();
  }
}

/** What has been found so far, and the report of it. */
class Findings {
  adapter: Adapter;
  readonly cells: MeasuredCell[] = [];
  readonly parameters: Partial<Record<BenchPreset, number>> = {};
  readonly notes: Set<string>;
  readonly #options: BenchOptions;

  constructor(options: BenchOptions, adapter: Adapter) {
    this.#options = options;
    this.adapter = adapter;
    this.notes = new Set(adapter.software ? [softwareNote] : []);
  }

  report(complete: boolean): BenchReport {
    const { date, host, versions, secondsPerCell } = this.#options;
    const cells = this.cells.map((cell) => withShares(cell, this.adapter));
    return {
      ...{ date, host, versions, secondsPerCell, ...this.adapter, complete },
      parameters: { ...this.parameters },
      cells,
      targets: checkTargets(cells, this.adapter.software),
      notes: cells.some(({ reduced }) => reduced) ? [...this.notes, reducedNote] : [...this.notes],
    };
  }
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

function withShares(cell: MeasuredCell, { matmul, copy }: Adapter): TimedCell {
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
