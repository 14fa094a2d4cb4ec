/**
 * How fast a person may expect an engine to be, from what it says of itself.
 */
import type { EngineView } from '../../record/recordedRun.ts';

/** A GPU, a GPU imitated in software, or the processor. */
export function speedClass(engine: EngineView): 'gpu' | 'software' | 'processor' {
  if (engine.backend !== 'webgpu' && engine.backend !== 'webgl') return 'processor';
  return /swiftshader|llvmpipe|lavapipe|software|fallback|basic render/i.test(engine.adapter)
    ? 'software'
    : 'gpu';
}
