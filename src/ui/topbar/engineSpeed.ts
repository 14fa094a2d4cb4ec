/**
 * How fast a person may expect an engine to be, from what it says of itself.
 */
import type { EngineView } from '../../record/recordedRun.ts';

/** A graphics card; our kernels on the processor; a card that the processor imitates; TensorFlow.js on the processor. */
export type SpeedClass = 'gpu' | 'processor' | 'imitated' | 'portable';

export function speedClass(engine: EngineView): SpeedClass {
  if (!engine.isSoftware) return 'gpu';
  if (engine.engine === 'simd') return 'processor';
  return engine.backend === 'webgpu' || engine.backend === 'webgl' ? 'imitated' : 'portable';
}
