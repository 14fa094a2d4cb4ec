/**
 * What tells runs apart for people: a name, a note, a colour and a dash, whether the charts show it, whether it is pinned. Everything
 * here is a person's to change and says nothing about what was measured.
 *
 * Invariants (runLabels.test.ts). (1) A sparse run has the first colour and a dense one the second wherever these are free, so that the
 * comparison looks the same everywhere. (2) No two runs have both colour and dash in common until there are 64. (3) Names are unique.
 */
import { findPreset } from '../recipes/presets.ts';
import type { RunSettings } from '../train/settings.ts';

/** Colours, and as many dashes; `ui/app/runStyle.ts` draws them. */
export const runColours = 8;

export interface RunLabel {
  readonly name: string;
  readonly note: string;
  /** Which of the `runColours`, from 0. */
  readonly colour: number;
  /** Which of as many dashes, from 0: what tells it apart without colour. */
  readonly dash: number;
  /** Drawn in the charts. */
  readonly visible: boolean;
  /** Stands first in the list. */
  readonly pinned: boolean;
}

/** The label of a new run. @param taken the labels of the runs that there are */
export function firstLabel(name: string, settings: RunSettings, taken: readonly RunLabel[]): RunLabel {
  return {
    name: freeName(name, taken),
    note: '',
    ...freeStyle(settings, taken),
    visible: true,
    pinned: false,
  };
}

/** What a run is called until a person says otherwise: its preset and its seed. */
export function plainName(presetName: string, settings: RunSettings): string {
  return `${findPreset(presetName)?.title ?? 'Run'}, seed ${settings.run.seed}`;
}

/** `name`, or with the first number behind it that is free. */
export function freeName(name: string, taken: readonly Pick<RunLabel, 'name'>[]): string {
  const names = new Set(taken.map((label) => label.name));
  if (!names.has(name)) return name;
  let number = 2;
  while (names.has(`${name} (${number})`)) number++;
  return `${name} (${number})`;
}

function freeStyle(settings: RunSettings, taken: readonly RunLabel[]): Pick<RunLabel, 'colour' | 'dash'> {
  const used = new Set(taken.map(({ colour, dash }) => colour + runColours * dash));
  const isFree = (colour: number, dash: number) => !used.has(colour + runColours * dash);
  const own = ownColour(settings);
  if (own !== null && isFree(own, own)) return { colour: own, dash: own };
  // The two colours with a meaning come last, so that they stay free for the runs that they mean.
  const order = [2, 3, 4, 5, 6, 7, 0, 1];
  for (let turn = 0; turn < runColours; turn++) {
    for (const colour of order) {
      const dash = (colour + turn) % runColours;
      if (isFree(colour, dash)) return { colour, dash };
    }
  }
  return { colour: 2, dash: 2 };
}

/** Sparse runs have the first colour, dense ones the second. */
function ownColour({ curation }: RunSettings): number | null {
  switch (curation.bin) {
    case 'sparse':
      return 0;
    case 'dense':
      return 1;
    case 'all':
    case 'medium':
    case 'belowDense':
      return null;
  }
}
