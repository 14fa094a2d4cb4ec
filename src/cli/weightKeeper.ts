/**
 * Keeps the policy's weights of a few rounds in the run's folder, as float16: `round-n.safetensors` beside run.json, which names them.
 *
 * Which rounds is decided by the settings and the rounds of the cold start alone, so a run that was stopped and taken up again keeps
 * the same.
 */
import type { PolicyEngine } from '../engine/engine.ts';
import { writeCheckpoint } from '../policy/checkpoint.ts';
import { keptRounds, keptWeightsFile, type KeptWeights } from '../record/keptWeights.ts';
import type { RunView } from '../record/runView.ts';
import { checkpointContext } from '../train/checkpointFile.ts';
import type { RunTick } from '../train/events.ts';
import type { RunSettings } from '../train/settings.ts';
import type { RunFolder } from './runFolder.ts';

export class WeightKeeper {
  readonly #engine: PolicyEngine;
  readonly #settings: RunSettings;
  readonly #folder: RunFolder;
  readonly #count: number;
  /** Null until stage 1 begins. */
  #rounds: readonly number[] | null = null;

  /** @param view of a run that is taken up again, or has not begun */
  constructor(engine: PolicyEngine, settings: RunSettings, folder: RunFolder, count: number, view: RunView) {
    this.#engine = engine;
    this.#settings = settings;
    this.#folder = folder;
    this.#count = count;
    const stage1 = view.phases.find(({ name }) => name === 'stage1');
    if (stage1 !== undefined && stage1.status !== 'waiting') this.#plan(stage1.round);
  }

  /** Those that are in the folder. */
  get kept(): readonly KeptWeights[] {
    return (this.#rounds ?? [])
      .map((round) => ({ round, file: keptWeightsFile(round) }))
      .filter(({ file }) => this.#folder.has(file));
  }

  /** Keep the weights if this tick ended the cold start, or a round, whose weights are wanted. */
  async take({ events }: RunTick): Promise<void> {
    for (const event of events) {
      if (event.type === 'phase' && event.phase === 'stage1') this.#plan(event.round);
      const ended =
        (event.type === 'phase' && event.phase === 'stage1') ||
        (event.type === 'round' && event.phase !== 'sft');
      if (ended && this.#rounds?.includes(event.round) === true) await this.#keep(event.round);
    }
  }

  #plan(coldStart: number): void {
    const { stage1, stage2 } = this.#settings;
    this.#rounds = keptRounds(coldStart, stage1.steps + stage2.steps, this.#count);
  }

  async #keep(round: number): Promise<void> {
    const tensors = await this.#engine.readTensors();
    const checkpoint = { config: this.#engine.config, tensors, metadata: { round: String(round) } };
    this.#folder.writeFile(
      keptWeightsFile(round),
      writeCheckpoint(checkpoint, checkpointContext(this.#settings), 'F16'),
    );
  }
}
