/**
 * A profile of our engine: for each preset and kind of work, how long each kernel takes on this adapter.
 *
 * What is profiled is what the speed test times (workload.ts), at a size given beforehand. It is run once unprofiled
 * first: compiling and allocating are no kernel's time.
 */
import { createWgslEngine } from '../engine/wgsl/wgslEngine.ts';
import { policyConfig } from '../policy/config.ts';
import { Random } from '../random/random.ts';
import { profilingGpu, type GpuProfile } from './gpuProfile.ts';
import { table } from './markdown.ts';
import { measureRollout, measureStep, type Now } from './measure.ts';
import type { WorkKind } from './report.ts';
import { benchWeights, rolloutWork, trainingBatch, type BenchPreset } from './workload.ts';

export interface ProfileOptions {
  readonly gpu: GPU;
  readonly presets: readonly BenchPreset[];
  readonly works: readonly WorkKind[];
  readonly vocabulary: number;
  readonly sequences: number;
  readonly now: Now;
}

/** Response tokens of a profiled rollout: a few chunks are like all others. */
const RESPONSE = 24;

export interface WorkProfile extends GpuProfile {
  readonly adapter: string;
  readonly preset: BenchPreset;
  readonly work: WorkKind;
  /** The same work without profiling. */
  readonly unprofiledMs: number;
}

/** @param onProfile told after each, in order */
export async function profileEngine(
  options: ProfileOptions,
  onProfile: (profile: WorkProfile) => void,
): Promise<void> {
  const { vocabulary, sequences, now } = options;
  for (const preset of options.presets) {
    const config = policyConfig(preset, vocabulary);
    const profiling = profilingGpu(options.gpu);
    const engine = await createWgslEngine({ config, gpu: profiling.gpu });
    try {
      await engine.loadTensors(benchWeights(config, new Random(`bench/${preset}`)));
      for (const work of options.works) {
        const random = () => new Random(`bench/${preset}/${work}`);
        const run = () =>
          work === 'rollout'
            ? measureRollout(engine, rolloutWork(preset, vocabulary, sequences, RESPONSE, random()), now)
            : measureStep(engine, work, trainingBatch(preset, vocabulary, sequences, random()), now);
        await run();
        const { milliseconds: unprofiledMs } = await run();
        const found = await profiling.profile(run);
        onProfile({ ...found, adapter: engine.description.adapter, preset, work, unprofiledMs });
      }
    } finally {
      engine.dispose();
    }
  }
}

export function profileMarkdown({ adapter, preset, work, unprofiledMs, ...profile }: WorkProfile): string {
  const { kernels, milliseconds, untimed } = profile;
  const rows = kernels.map((kernel) => [
    kernel.kernel,
    String(kernel.dispatches),
    kernel.milliseconds.toFixed(2),
    `${((100 * kernel.milliseconds) / milliseconds).toFixed(1)}%`,
  ]);
  const left = untimed > 0 ? ` ${untimed} dispatches more were not timed.` : '';
  return [
    `### ${preset}, ${work}, ${adapter}`,
    `${milliseconds.toFixed(1)} ms in kernels, each in a pass of its own; ${unprofiledMs.toFixed(1)} ms for the same work unprofiled, JavaScript included.${left}`,
    table(['kernel', 'dispatches', 'ms', 'share'], rows),
  ].join('\n\n');
}
