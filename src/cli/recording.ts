/**
 * What a headless run keeps of itself: the same view and series as the page, so that its file opens in the page.
 *
 * Invariant: taking up a recording from the file that it wrote gives the same recording as never having stopped, but for the
 * times at which earlier phases began.
 */
import { emptyRun, reduceRun, type RunView } from '../record/runView.ts';
import type { RecordedRun } from '../record/recordedRun.ts';
import { readRunFile, writeRunFile } from '../record/runFile.ts';
import { RunSeries } from '../record/runSeries.ts';
import type { RunEvent } from '../train/events.ts';
import type { KeptWeights } from '../record/keptWeights.ts';
import type { RunSettings } from '../train/settings.ts';

export type Provenance = Pick<
  RecordedRun,
  'origin' | 'settings' | 'presetName' | 'base' | 'engine' | 'sandbox' | 'parameters'
>;

export class Recording {
  readonly series: RunSeries;
  readonly #settings: RunSettings;
  #view: RunView;
  /** Seconds of earlier sessions. */
  readonly earlierSeconds: number;

  private constructor(settings: RunSettings, recorded: RecordedRun | null) {
    this.#settings = settings;
    this.#view = recorded?.view ?? emptyRun(settings);
    this.series = new RunSeries(recorded?.series);
    this.earlierSeconds = recorded?.elapsedSeconds ?? 0;
  }

  static begin(settings: RunSettings): Recording {
    return new Recording(settings, null);
  }

  /** @param text of a file that `write` made. Throws a sentence where it is damaged. */
  static continued(settings: RunSettings, text: string): Recording {
    const read = readRunFile(text);
    if (!read.ok) throw new Error(`The run's recording cannot be read: ${read.message}`);
    return new Recording(settings, read.run);
  }

  get view(): RunView {
    return this.#view;
  }

  /** @param seconds of run time, earlier sessions included */
  add(event: RunEvent, seconds: number): void {
    this.#view = reduceRun(this.#view, event, this.#settings, seconds);
    this.series.add(event);
  }

  /** The run as the page exports it. */
  write(
    provenance: Provenance,
    recordedAt: string,
    seconds: number,
    tokens: number,
    weights: readonly KeptWeights[],
  ): string {
    return writeRunFile({
      ...provenance,
      recordedAt,
      elapsedSeconds: seconds,
      tokensPerSecond: tokens / Math.max(1e-9, seconds - this.earlierSeconds),
      view: { ...this.#view, weights },
      series: this.series.record(),
    });
  }
}
