/**
 * The base policies that a run may begin from, by name, and each one's size.
 *
 * What each has been taught is data in recipes/bases.ts; the files are made by `npm run base`. Here is only what settings and
 * weights are checked against.
 */
import type { PolicyPresetName } from './config.ts';

export const baseSizes = {
  mini: 'mini',
  'nano-thinker': 'nano',
  'nano-mixed': 'nano',
  'nano-mixed-10': 'nano',
  'nano-mixed-2': 'nano',
  'mini-49': 'mini',
  'mini-99': 'mini',
  'mini-199': 'mini',
  'mini-299': 'mini',
} as const satisfies Record<string, PolicyPresetName>;

export type BaseName = keyof typeof baseSizes;

export const baseNames = Object.keys(baseSizes) as readonly BaseName[];
