/**
 * The engine of a headless run: our kernels on Dawn, or TensorFlow.js where the settings ask for WebAssembly or plain JavaScript.
 *
 * What runs is named. Nothing is chosen behind the user's back: without an adapter the command stops and says what to
 * install, because a study that silently took another engine would be another study.
 */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { PolicyEngine } from '../engine/engine.ts';
import { createTfjsEngine } from '../engine/tfjs/tfjsEngine.ts';
import { createWgslEngine, WgslUnavailableError } from '../engine/wgsl/wgslEngine.ts';
import { policyConfig } from '../policy/config.ts';
import { vocabularySize } from '../tasks/vocabulary.ts';
import type { RunSettings } from '../train/settings.ts';
import { installAdvice, openDawn } from './dawn.ts';

/** The engine could not be started; `message` says what to do. */
export class HeadlessEngineError extends Error {
  override readonly name = 'HeadlessEngineError';
}

/**
 * @param onCompile share of the kernels compiled, 0..1
 * @throws HeadlessEngineError
 */
export async function createHeadlessEngine(
  { run, policy }: RunSettings,
  onCompile: (share: number) => void,
): Promise<PolicyEngine> {
  const config = policyConfig(policy.preset, vocabularySize);
  switch (run.backend) {
    case 'auto':
    case 'wgsl':
      try {
        return await createWgslEngine({
          config,
          gpu: openDawn(),
          onProgress: ({ compiled, total }) => onCompile(compiled / Math.max(1, total)),
        });
      } catch (error) {
        if (error instanceof WgslUnavailableError) throw new HeadlessEngineError(installAdvice);
        throw error;
      }
    case 'wasm':
    case 'cpu':
      return createTfjsEngine({ config, preferredBackends: [run.backend], wasmPath: wasmFolder() });
    case 'webgpu':
    case 'webgl':
      throw new HeadlessEngineError(
        `A headless run has no backend “${run.backend}”: write --set run.backend=wgsl (our kernels), wasm or cpu.`,
      );
  }
}

/** Emscripten's loader for Node reads its file with CommonJS's `require` and `__dirname`, which a bundle does not have. */
export function wasmFolder(): string {
  const require = createRequire(import.meta.url);
  const folder = `${dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'))}/wasm-out/`;
  Object.assign(globalThis, { require, __dirname: folder });
  return folder;
}
