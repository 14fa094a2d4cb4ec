/**
 * Which engine runs: the setting, what the browser offers, and a sentence that says why.
 *
 * An engine's device is opened before it is named, at the probe as at the start, so the page never promises what does not run. An engine
 * that was asked for but does not start is not an error: the next best one runs, and its reason says so. Only the engine that runs
 * is loaded.
 */
import type { EngineDescription, MemoryPart, PolicyEngine } from '../engine/engine.ts';
import type { TfjsBackendName } from '../engine/tfjs/backend.ts';
import { SimdUnavailableError } from '../engine/simd/kernelModule.ts';
import { WgslUnavailableError } from '../engine/wgsl/device/device.ts';
import type { WgslEngine } from '../engine/wgsl/wgslEngine.ts';
import { policyConfig, type PolicyConfig } from '../policy/config.ts';
import { vocabularySize } from '../tasks/vocabulary.ts';
import { longestContext, type RunSettings } from '../train/settings.ts';

type Choice = RunSettings['run']['backend'];
export type CompileReport = (message: string, share: number) => void;

/** What would run, found out by opening its device and closing it again. */
export async function describeEngine(choice: Choice, baseUrl: string): Promise<EngineDescription> {
  let refusal: string | null = null;
  if (wantsKernels(choice)) {
    const { describeWgslEngine } = await import('../engine/wgsl/device/describe.ts');
    try {
      return await describeWgslEngine();
    } catch (error) {
      if (!(error instanceof WgslUnavailableError)) throw error;
      refusal = error.message;
    }
  }
  if (choice === 'simd') {
    const engine = await startSimd(policyConfig('micro', vocabularySize));
    if (!(engine instanceof SimdUnavailableError)) {
      engine.dispose();
      return engine.description;
    }
    refusal = engine.message;
  }
  const { startBackend } = await import('../engine/tfjs/backend.ts');
  const { description } = await startBackend(portableOptions(choice, baseUrl, refusal !== null));
  return explained(description, refusal);
}

export async function createEngine(
  { run, policy }: RunSettings,
  baseUrl: string,
  onCompile: CompileReport,
): Promise<PolicyEngine> {
  const config = policyConfig(policy.preset, vocabularySize);
  let refused = false;
  if (wantsKernels(run.backend)) {
    const { createWgslEngine } = await import('../engine/wgsl/wgslEngine.ts');
    try {
      return await createWgslEngine({
        config,
        onProgress: ({ compiled, total }) =>
          onCompile('Compiling the kernels', compiled / Math.max(1, total)),
      });
    } catch (error) {
      if (!(error instanceof WgslUnavailableError)) throw error;
      refused = true;
    }
  }
  if (run.backend === 'simd') {
    const engine = await startSimd(config);
    if (!(engine instanceof SimdUnavailableError)) return engine;
  }
  const { createTfjsEngine } = await import('../engine/tfjs/tfjsEngine.ts');
  return createTfjsEngine({ config, ...portableOptions(run.backend, baseUrl, refused) });
}

/** The engine for processors, or why it cannot run here. */
async function startSimd(config: PolicyConfig): Promise<PolicyEngine | SimdUnavailableError> {
  const { createSimdEngine } = await import('../engine/simd/simdEngine.ts');
  try {
    return await createSimdEngine({ config });
  } catch (error) {
    if (error instanceof SimdUnavailableError) return error;
    throw error;
  }
}

/**
 * What an engine plans to hold in graphics memory for a run at its largest: every sequence as long as its context allows. Undefined
 * where it has no plan. Throws a sentence where the adapter cannot hold it.
 */
export function planMemory(engine: PolicyEngine, settings: RunSettings): readonly MemoryPart[] | undefined {
  if (!hasMemoryPlan(engine)) return undefined;
  const { sft, grpo, stage1, stage2, evaluation } = settings;
  const sampled = grpo.promptsPerStep * grpo.groupSize;
  const learned = Math.ceil(grpo.promptsPerStep / grpo.miniBatches) * grpo.groupSize;
  const { parameters, training, rollout, snapshot } = engine.memory({
    context: longestContext(settings),
    rows: Math.max(sft.batchSize, learned) * Math.max(stage1.context, stage2.context),
    slots: Math.max(sampled, evaluation.problems * evaluation.samples),
  });
  return [
    { name: 'Weights and optimizer', bytes: parameters },
    { name: 'Training', bytes: training },
    { name: 'Rollouts, with the KV cache', bytes: rollout },
    ...(grpo.klCoefficient > 0 ? [{ name: 'KL reference', bytes: snapshot }] : []),
  ];
}

const hasMemoryPlan = (engine: PolicyEngine): engine is WgslEngine => engine.description.engine === 'wgsl';

const wantsKernels = (choice: Choice) => choice === 'auto' || choice === 'wgsl';

function portableOptions(choice: Choice, baseUrl: string, withoutWebGpu: boolean) {
  const order: readonly TfjsBackendName[] = ['webgpu', 'wasm', 'webgl', 'cpu'];
  const named = choice === 'auto' || choice === 'wgsl' || choice === 'simd' ? undefined : choice;
  const preferred = order.filter((backend) => !(withoutWebGpu && backend === 'webgpu'));
  return {
    preferredBackends:
      named === undefined ? preferred : [named, ...preferred.filter((other) => other !== named)],
    // Who asks for a backend by name gets it even where the GPU is imitated and WebAssembly would be faster.
    acceptSoftwareAdapter: named !== undefined,
    wasmPath: new URL('tfjs-wasm/', baseUrl).href,
  };
}

/** The portable engine's own reason, with why the kernels do not run in front. */
function explained(description: EngineDescription, refusal: string | null): EngineDescription {
  return refusal === null ? description : { ...description, reason: `${refusal} ${description.reason}` };
}
