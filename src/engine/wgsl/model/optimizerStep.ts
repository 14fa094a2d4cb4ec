/**
 * The end of an optimizer step as dispatches: the whole gradient, its norm, AdamW.
 */
import type { DispatchSpec } from '../kernels/dispatchList.ts';
import type { ModelContext } from './modelContext.ts';

/** The partials' sum, its norm, AdamW: three dispatches over the flat buffers. */
export function optimizerDispatches(c: ModelContext): { sum: DispatchSpec[]; update: DispatchSpec[] } {
  const size = c.layout.size;
  const groups = Math.ceil(size / 1024);
  return {
    sum: [
      {
        kernel: { file: 'gradientSum.wgsl', constants: { SPLITS: c.splits, PARTIAL_STRIDE: size } },
        bindings: {
          gradientPartials: c.buffer('gradientPartials'),
          gradient: c.buffer('gradient'),
          squares: c.buffer('squares'),
        },
        x: groups,
      },
      {
        kernel: { file: 'gradientNorm.wgsl', constants: { GROUPS: groups } },
        bindings: {
          squares: c.buffer('squares'),
          totals: c.buffer('totals'),
          optimizer: c.buffer('optimizer'),
        },
        x: 1,
      },
    ],
    update: [
      {
        kernel: { file: 'adamw.wgsl', constants: { PARTIAL_STRIDE: size } },
        bindings: {
          gradient: c.buffer('gradient'),
          decayed: c.buffer('decayed'),
          totals: c.buffer('totals'),
          parameters: c.buffer('parameters'),
          m: c.buffer('m'),
          v: c.buffer('v'),
          optimizer: c.buffer('optimizer'),
        },
        x: groups,
      },
    ],
  };
}
