/**
 * The settings form: what the next run will be, and the address that says the same.
 *
 * Invariant: a wrong value never reaches the settings; it becomes a sentence until it is put right.
 */
import type { RunSettings } from '../train/settings.ts';
import { validateSettings } from '../train/validate.ts';
import { Throttle } from './clock.ts';
import type { LabEnvironment } from './environment.ts';
import { findPreset } from '../recipes/presets.ts';
import type { RunLife } from './runController.ts';
import { checkSetting, withSetting } from '../recipes/formModel.ts';
import type { Snapshots } from './snapshots.ts';
import { writeUrl } from '../recipes/urlState.ts';

/** The address follows the form after this rest; browsers limit how often it may change. */
const addressInterval = 500;

export class SettingsForm {
  readonly #snapshots: Snapshots;
  readonly #run: RunLife;
  readonly #addressWriter: Throttle;
  /** Values a person typed that were kept out, by path. */
  readonly #refused = new Map<string, string>();

  constructor(environment: LabEnvironment, snapshots: Snapshots, run: RunLife) {
    this.#snapshots = snapshots;
    this.#run = run;
    this.#addressWriter = new Throttle(environment, addressInterval, () => {
      environment.address.replace(writeUrl(snapshots.state));
    });
  }

  set(path: string, value: unknown): void {
    const checked = checkSetting(path, value);
    const { settings, presetName } = this.#snapshots.state;
    if (checked.ok) this.#refused.delete(path);
    else this.#refused.set(path, checked.message);
    this.#show(checked.ok ? withSetting(settings, path, checked.value) : settings, presetName);
  }

  applyPreset(name: string): void {
    const preset = findPreset(name);
    if (preset !== undefined) this.fill(preset.settings, preset.name);
  }

  /** All settings at once; what had been refused is forgotten. */
  fill(settings: RunSettings, presetName: string): void {
    this.#refused.clear();
    this.#show(settings, presetName);
  }

  /** Put the address right, soon. */
  writeAddress(): void {
    this.#addressWriter.request();
  }

  #show(settings: RunSettings, presetName: string): void {
    const before = this.#snapshots.state.settings;
    const refused = [...this.#refused].map(([path, message]) => ({ path, message }));
    this.#snapshots.now({
      settings,
      presetName,
      settingProblems: [...refused, ...validateSettings(settings)],
      ...this.#run.plan(settings),
    });
    this.writeAddress();
    if (settings.run.backend !== before.run.backend) this.#run.askForEngine();
  }
}
