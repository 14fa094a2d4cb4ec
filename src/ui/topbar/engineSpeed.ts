/**
 * How fast a person may expect an engine to be, from what it says of itself.
 */
import type { EngineView } from '../../record/recordedRun.ts';

/** A GPU, a GPU imitated in software, or the processor. */
export function speedClass(engine: EngineView): 'gpu' | 'software' | 'processor' {
  if (!engine.isSoftware) return 'gpu';
  return engine.backend === 'webgpu' || engine.backend === 'webgl' ? 'software' : 'processor';
}
