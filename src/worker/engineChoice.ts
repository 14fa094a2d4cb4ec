/**
 * Which engine runs: the setting, what the browser offers, and a sentence that says why.
 *
 * Invariant: an engine's device is opened before it is named, at the probe as at the start, so the page never promises what does
 * not run. An engine that was asked for but does not start is not an error: the next best one runs, and its reason says so.
 * Only the engine that runs is loaded.
 */
import type { EngineDescription, PolicyEngine } from '../engine/engine.ts';
import type { TfjsBackendName } from '../engine/tfjs/backend.ts';
import { policyConfig } from '../policy/config.ts';
import { vocabularySize } from '../tasks/vocabulary.ts';
import type { RunSettings } from '../train/settings.ts';

type Choice = RunSettings['run']['backend'];
export type CompileReport = (message: string, share: number) => void;

/** What would run, found out by opening its device and closing it again. */
export async function describeEngine(choice: Choice, baseUrl: string): Promise<EngineDescription> {
  let refusal: string | null = null;
  if (wantsKernels(choice)) {
    const { describeWgslEngine } = await import('../engine/wgsl/describe.ts');
    const { WgslUnavailableError } = await import('../engine/wgsl/device.ts');
    try {
      return await describeWgslEngine();
    } catch (error) {
      if (!(error instanceof WgslUnavailableError)) throw error;
      refusal = error.message;
    }
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
    const { createWgslEngine, WgslUnavailableError } = await import('../engine/wgsl/wgslEngine.ts');
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
  const { createTfjsEngine } = await import('../engine/tfjs/tfjsEngine.ts');
  return createTfjsEngine({ config, ...portableOptions(run.backend, baseUrl, refused) });
}

const wantsKernels = (choice: Choice) => choice === 'auto' || choice === 'wgsl';

function portableOptions(choice: Choice, baseUrl: string, withoutWebGpu: boolean) {
  const order: readonly TfjsBackendName[] = ['webgpu', 'wasm', 'webgl', 'cpu'];
  const preferred = order.filter((backend) => !(withoutWebGpu && backend === 'webgpu'));
  return {
    preferredBackends:
      choice === 'auto' || choice === 'wgsl'
        ? preferred
        : [choice, ...preferred.filter((other) => other !== choice)],
    // Who asks for a backend by name gets it even where the GPU is imitated and WebAssembly would be faster.
    acceptSoftwareAdapter: choice !== 'auto' && choice !== 'wgsl',
    wasmPath: new URL('tfjs-wasm/', baseUrl).href,
  };
}

/** The portable engine's own reason, with why the kernels do not run in front. */
function explained(description: EngineDescription, refusal: string | null): EngineDescription {
  return refusal === null ? description : { ...description, reason: `${refusal} ${description.reason}` };
}
