/**
 * Starts forks: takes the parent's kept moment out of the library, changes one setting in it, and starts a run from it.
 */
import { fileText } from '../record/fileText.ts';
import { readRunFile } from '../record/runFile.ts';
import { checkSetting, formField, withSetting } from '../recipes/formModel.ts';
import { placeName } from './failures.ts';
import { forkCheckpoint } from './fork.ts';
import type { Notices } from './notices.ts';
import type { RunKeeper } from './runKeeper.ts';
import type { Runs } from './runs.ts';
import type { TrainerLink } from './trainerLink.ts';

export interface ForkWish {
  readonly id: string;
  /** Number of the kept moment. */
  readonly moment: number;
  readonly path: string;
  readonly value: unknown;
}

export class Forks {
  readonly #runs: Runs;
  readonly #keeper: RunKeeper;
  readonly #notices: Notices;

  constructor(runs: Runs, keeper: RunKeeper, notices: Notices) {
    this.#runs = runs;
    this.#keeper = keeper;
    this.#notices = notices;
  }

  async start({ id, moment, path, value }: ForkWish, link: () => TrainerLink): Promise<void> {
    const parent = this.#runs.find(id);
    if (parent === null) return;
    const { name } = this.#runs.label(id);
    const refuse = (message: string) => this.#notices.add(`“${name}” was not forked. ${message}`);
    const checked = checkSetting(path, value);
    if (!checked.ok) return refuse(checked.message);
    const kept = await this.#keeper.moment(id, moment);
    if (kept === null) return refuse('This checkpoint is damaged or gone; choose another one.');
    const forked = forkCheckpoint(kept.checkpoint, withSetting(parent.settings, path, checked.value));
    if (!forked.ok) return refuse(forked.message);
    const text = await fileText(new Blob([new Uint8Array(kept.file)]));
    const read = text === undefined ? null : readRunFile(text);
    const { place, seconds } = kept.save;
    this.#runs.start({
      settings: forked.settings,
      presetName: parent.presetName,
      engine: parent.state.engine,
      link: link(),
      name: `${name}, ${formField(path)?.title ?? path} ${String(checked.value)}`,
      parent: { id, name, place: placeName(place) },
      restored: {
        record: read?.ok === true ? { ...read.run, settings: forked.settings } : null,
        status: 'interrupted',
        checkpoint: { place, seconds, bytes: forked.bytes },
      },
    });
  }
}
