/**
 * The engine of a headless run: our kernels on a graphics card (Dawn's WebGPU), else our kernels on the processor.
 *
 * What runs is named and written into the run. Who asks for an engine by name gets that one, or one sentence that says why not and what
 * to do: a study that silently took another engine would be another study. Each engine is loaded when it is tried.
 */
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import {
  cannotRunHere,
  firstThatRuns,
  insistOnGpu,
  withRefusals,
  type ChosenEngine,
} from '../engine/choice.ts';
import type { PolicyEngine } from '../engine/engine.ts';
import { WgslUnavailableError } from '../engine/wgsl/device/device.ts';
import type { PolicyConfig } from '../policy/config.ts';
import { runPolicy } from '../train/runPolicy.ts';
import type { RunSettings } from '../train/settings.ts';
import { installAdvice } from './installAdvice.ts';

/** The engine could not be started; `message` says what to do. */
export class HeadlessEngineError extends Error {
  override readonly name = 'HeadlessEngineError';
}

/**
 * @param threads of an engine on the processor; null: one a core
 * @param onCompile share of the kernels compiled, 0..1
 * @throws HeadlessEngineError
 */
export async function createHeadlessEngine(
  { run, policy }: RunSettings,
  threads: number | null,
  onCompile: (share: number) => void,
): Promise<ChosenEngine> {
  const config = runPolicy(policy);
  const simd = () => onProcessor(config, threads ?? availableParallelism());
  switch (run.backend) {
    case 'auto': {
      const gpu = () => onAdapter(config, onCompile, true);
      const { chosen, refusals } = await firstThatRuns([gpu, simd, () => onTfjs(config, 'wasm')]);
      return { engine: chosen, description: withRefusals(chosen.description, refusals) };
    }
    case 'wgsl':
      return byName(() => onAdapter(config, onCompile, false), installAdvice);
    case 'simd':
      return byName(simd, 'Write --set run.backend=wgsl (a graphics card) or wasm (TensorFlow.js) instead.');
    case 'wasm':
    case 'cpu': {
      const engine = await onTfjs(config, run.backend);
      return { engine, description: engine.description };
    }
    case 'webgpu':
    case 'webgl':
      throw new HeadlessEngineError(
        `A headless run has no backend “${run.backend}”: write --set run.backend=wgsl or simd (our kernels), wasm or cpu (TensorFlow.js).`,
      );
  }
}

async function byName(start: () => Promise<PolicyEngine>, advice: string): Promise<ChosenEngine> {
  try {
    const engine = await start();
    return { engine, description: engine.description };
  } catch (error) {
    if (cannotRunHere(error)) throw new HeadlessEngineError(`${error.message} ${advice}`);
    throw error;
  }
}

async function onAdapter(
  config: PolicyConfig,
  onCompile: (share: number) => void,
  isRealOnly: boolean,
): Promise<PolicyEngine> {
  const gpu = await dawn();
  if (isRealOnly) {
    const { describeWgslEngine } = await import('../engine/wgsl/device/describe.ts');
    insistOnGpu(await foundBy(describeWgslEngine(gpu)));
  }
  const { createWgslEngine } = await import('../engine/wgsl/wgslEngine.ts');
  return foundBy(
    createWgslEngine({
      config,
      gpu,
      onProgress: ({ compiled, total }) => onCompile(compiled / Math.max(1, total)),
    }),
  );
}

/** @throws WgslUnavailableError where Dawn's native code does not load */
async function dawn(): Promise<GPU> {
  try {
    const { openDawn } = await import('./dawn.ts');
    return openDawn();
  } catch (error) {
    throw new WgslUnavailableError(
      `Dawn, which is WebGPU in Node, does not load here (${error instanceof Error ? error.message : String(error)}).`,
    );
  }
}

/** The engine speaks of browsers where it finds no adapter. */
async function foundBy<T>(search: Promise<T>): Promise<T> {
  try {
    return await search;
  } catch (error) {
    if (error instanceof WgslUnavailableError) {
      throw new WgslUnavailableError('No graphics adapter was found.', { cause: error });
    }
    throw error;
  }
}

async function onProcessor(config: PolicyConfig, threads: number): Promise<PolicyEngine> {
  const { createSimdEngine } = await import('../engine/simd/simdEngine.ts');
  return createSimdEngine({ config, threads });
}

async function onTfjs(config: PolicyConfig, backend: 'wasm' | 'cpu'): Promise<PolicyEngine> {
  const { createTfjsEngine } = await import('../engine/tfjs/tfjsEngine.ts');
  return createTfjsEngine({ config, preferredBackends: [backend], wasmPath: wasmFolder() });
}

/** Emscripten's loader for Node reads its file with CommonJS's `require` and `__dirname`, which a bundle does not have. */
export function wasmFolder(): string {
  const require = createRequire(import.meta.url);
  const folder = `${dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'))}/wasm-out/`;
  Object.assign(globalThis, { require, __dirname: folder });
  return folder;
}
