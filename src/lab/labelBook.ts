/**
 * The labels of all runs, those of deleted ones too, by the runs' ids; and a run's state with its label in it.
 */
import type { RunSettings } from '../train/settings.ts';
import { firstLabel, freeName, type RunLabel } from './runLabels.ts';
import type { BareRunState, RunState } from './state.ts';

/** Longest name and note, characters. */
const longestName = 80;
const longestNote = 500;

export class LabelBook {
  readonly #labels = new Map<string, RunLabel>();
  readonly #labelled = new WeakMap<BareRunState, RunState>();

  get(id: string): RunLabel {
    const label = this.#labels.get(id);
    if (label === undefined) throw new Error(`There is no run ${id}.`);
    return label;
  }

  set(id: string, label: RunLabel): void {
    this.#labels.set(id, label);
  }

  /** A new run's. */
  add(id: string, name: string, settings: RunSettings): void {
    this.#labels.set(id, firstLabel(name, settings, [...this.#labels.values()]));
  }

  remove(id: string): void {
    this.#labels.delete(id);
  }

  /** @returns what the run is to be called; null where an empty name, or its own, changes nothing. One that is taken gets a number. */
  nameFor(id: string, name: string): string | null {
    const wanted = name.trim().slice(0, longestName);
    if (wanted === '' || wanted === this.get(id).name) return null;
    const others = [...this.#labels].filter(([other]) => other !== id).map(([, label]) => label);
    return freeName(wanted, others);
  }

  noteFor(note: string): string {
    return note.slice(0, longestNote);
  }

  /** The state with the run's label in it; the same object until one of them changes. */
  labelled(id: string, state: BareRunState): RunState {
    const label = this.get(id);
    const known = this.#labelled.get(state);
    if (known !== undefined && sameLabel(known, label)) return known;
    const labelled = { ...state, ...label };
    this.#labelled.set(state, labelled);
    return labelled;
  }
}

function sameLabel(state: RunState, label: RunLabel): boolean {
  return (Object.keys(label) as (keyof RunLabel)[]).every((key) => state[key] === label[key]);
}
