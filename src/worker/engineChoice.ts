/**
 * Which engine runs: the setting, what the browser offers, and a sentence that says why.
 *
 * Invariant: an engine is tried before it is named, at the probe as at the start, so the page never promises what does not run. A
 * backend that was asked for but does not start is not an error: the next best one runs, and the reason says so.
 */
import type { EngineDescription, PolicyEngine } from '../engine/engine.ts';
import { defaultBackends, startBackend, type BackendOptions } from '../engine/tfjs/backend.ts';
import { createTfjsEngine } from '../engine/tfjs/tfjsEngine.ts';
import { policyConfig } from '../policy/config.ts';
import { vocabularySize } from '../tasks/vocabulary.ts';
import type { RunSettings } from '../train/settings.ts';

export async function describeEngine(
  backend: RunSettings['run']['backend'],
  baseUrl: string,
): Promise<EngineDescription> {
  return (await startBackend(backendOptions(backend, baseUrl))).description;
}

export function createEngine({ run, policy }: RunSettings, baseUrl: string): Promise<PolicyEngine> {
  return createTfjsEngine({
    config: policyConfig(policy.preset, vocabularySize),
    ...backendOptions(run.backend, baseUrl),
  });
}

function backendOptions(backend: RunSettings['run']['backend'], baseUrl: string): BackendOptions {
  return {
    preferredBackends:
      backend === 'auto'
        ? defaultBackends
        : [backend, ...defaultBackends.filter((other) => other !== backend)],
    wasmPath: new URL('tfjs-wasm/', baseUrl).href,
  };
}
