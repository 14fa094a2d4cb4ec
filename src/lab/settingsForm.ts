/**
 * The settings form: what the next run will be, and the address that says the same.
 *
 * Invariant (store.test.ts): a wrong value never reaches the settings; it becomes a sentence until it is put right.
 */
import { checkSetting, withSetting } from '../recipes/formModel.ts';
import { findPreset } from '../recipes/presets.ts';
import { writeUrl, type UrlState } from '../recipes/urlState.ts';
import type { RunSettings } from '../train/settings.ts';
import { validateSettings } from '../train/validate.ts';
import { Throttle } from './clock.ts';
import type { LabEnvironment } from './environment.ts';
import type { FormState } from './state.ts';

/** The address follows the form after this rest; browsers limit how often it may change. */
const addressInterval = 500;

export class SettingsForm {
  readonly #addressWriter: Throttle;
  readonly #backendChanged: () => void;
  /** Values a person typed that were kept out, by path. */
  readonly #refused = new Map<string, string>();
  #state: FormState;

  /** @param backendChanged called when another engine is wanted */
  constructor(environment: LabEnvironment, { settings, presetName }: UrlState, backendChanged: () => void) {
    this.#backendChanged = backendChanged;
    this.#state = { settings, presetName, settingProblems: validateSettings(settings) };
    this.#addressWriter = new Throttle(environment, addressInterval, () => {
      environment.address.replace(writeUrl(this.#state));
    });
  }

  get state(): FormState {
    return this.#state;
  }

  set(path: string, value: unknown): void {
    const checked = checkSetting(path, value);
    const { settings, presetName } = this.#state;
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
    const { backend } = this.#state.settings.run;
    const refused = [...this.#refused].map(([path, message]) => ({ path, message }));
    this.#state = { settings, presetName, settingProblems: [...refused, ...validateSettings(settings)] };
    this.writeAddress();
    if (settings.run.backend !== backend) this.#backendChanged();
  }
}
