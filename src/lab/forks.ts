/**
 * Starts forks: takes a moment of the parent, out of the library or, of a recording, from the files beside it, changes one setting in it,
 * and starts a run from it.
 */
import { fileText } from '../record/fileText.ts';
import type { RecordedRun } from '../record/recordedRun.ts';
import { readRunFile } from '../record/runFile.ts';
import { CheckpointError } from '../policy/safetensors.ts';
import { checkSetting, formField, withSetting } from '../recipes/formModel.ts';
import type { RunSettings } from '../train/settings.ts';
import type { CheckpointPlace } from '../worker/protocol.ts';
import type { LabEnvironment } from './environment.ts';
import { placeName } from './failures.ts';
import { forkCheckpoint } from './fork.ts';
import type { Notices } from './notices.ts';
import { recordedMoment } from './recordedCheckpoint.ts';
import { momentFiles, recordingOf } from './recordedMoments.ts';
import type { Recordings } from './recordings.ts';
import type { Replay } from './replay.ts';
import type { RunKeeper } from './runKeeper.ts';
import type { HeldRun, Runs } from './runs.ts';
import type { TrainerLink } from './trainerLink.ts';

export interface ForkWish {
  readonly id: string;
  /** Number of the kept moment; of a recording the round of the weights. */
  readonly moment: number;
  readonly path: string;
  readonly value: unknown;
}

/** Where a fork begins, before anything is changed. */
interface Beginning {
  readonly checkpoint: Uint8Array;
  /** A checkpoint with the cold start's weights, where there is one. */
  readonly coldStart: Uint8Array | null;
  readonly place: CheckpointPlace;
  /** Of active run time on this machine. */
  readonly seconds: number;
  /** What had been measured by then; null where that cannot be read. */
  readonly record: RecordedRun | null;
}

export class Forks {
  readonly #environment: LabEnvironment;
  readonly #runs: Runs;
  readonly #keeper: RunKeeper;
  readonly #recordings: Recordings;
  readonly #notices: Notices;

  constructor(
    environment: LabEnvironment,
    runs: Runs,
    keeper: RunKeeper,
    recordings: Recordings,
    notices: Notices,
  ) {
    this.#environment = environment;
    this.#runs = runs;
    this.#keeper = keeper;
    this.#recordings = recordings;
    this.#notices = notices;
  }

  /** @returns the fork's id; null, and a notice that says why, where there is none */
  async start({ id, moment, path, value }: ForkWish, link: () => TrainerLink): Promise<string | null> {
    const found = this.#runs.find(id);
    // What was kept of a recording is opened first: there its rounds are named.
    const parent =
      found?.kind === 'kept' && found.entry.source.kind !== 'live' ? await this.#keeper.load(found) : found;
    if (parent === null) return null;
    const { name } = this.#runs.label(id);
    const refuse = (message: string) => {
      this.#notices.add(`“${name}” was not forked. ${message}`);
      return null;
    };
    const checked = checkSetting(path, value);
    if (!checked.ok) return refuse(checked.message);
    const settings = withSetting(parent.settings, path, checked.value);
    const from = await this.#beginning(parent, moment, settings);
    if (typeof from === 'string') return refuse(from);
    const forked = forkCheckpoint(from.checkpoint, settings, from.coldStart);
    if (!forked.ok) return refuse(forked.message);
    const { place, seconds, record } = from;
    const run = this.#runs.start({
      settings: forked.settings,
      presetName: parent.presetName,
      engine: parent.kind === 'recorded' ? null : parent.state.engine,
      link: link(),
      name: `${name}, ${formField(path)?.title ?? path} ${String(checked.value)}`,
      parent: { id, name, place: placeName(place) },
      restored: {
        record: record === null ? null : { ...record, settings: forked.settings },
        status: 'interrupted',
        checkpoint: { place, seconds, bytes: forked.bytes },
      },
    });
    return run.id;
  }

  /** Or what is in the way, a whole sentence. */
  #beginning(parent: HeldRun, moment: number, settings: RunSettings): Promise<Beginning | string> {
    return parent.kind === 'recorded'
      ? this.#recorded(parent, moment, settings)
      : this.#kept(parent.id, moment, settings);
  }

  async #kept(id: string, moment: number, { grpo }: RunSettings): Promise<Beginning | string> {
    const kept = await this.#keeper.moment(id, moment);
    if (kept === null) return 'This checkpoint is damaged or gone; choose another one.';
    const text = await fileText(new Blob([new Uint8Array(kept.file)]));
    const read = text === undefined ? null : readRunFile(text);
    const { place, seconds } = kept.save;
    return {
      ...{ checkpoint: kept.checkpoint, place, seconds },
      record: read?.ok === true ? read.run : null,
      coldStart: grpo.klCoefficient > 0 ? await this.#coldStart(id) : null,
    };
  }

  /** The baseline changes no weight, so a moment in it has the cold start's. */
  async #coldStart(id: string): Promise<Uint8Array | null> {
    const baseline = this.#keeper.state.kept[id]?.moments.find(({ place }) => place.phase === 'baseline');
    return baseline === undefined
      ? null
      : ((await this.#keeper.moment(id, baseline.number))?.checkpoint ?? null);
  }

  async #recorded({ run, state }: Replay, round: number, { grpo }: RunSettings): Promise<Beginning | string> {
    const entry = recordingOf(state, this.#recordings.state.recordings);
    const files =
      entry === null ? null : momentFiles({ ...run.view, settings: run.settings }, entry.file, round);
    if (files === null)
      return 'This file has measurements but no weights of that round, so nothing can go on from there.';
    const download = async (path: string) =>
      new Uint8Array(await (await this.#environment.download(path)).arrayBuffer());
    try {
      const weights = await download(files.weights);
      const coldStart =
        grpo.klCoefficient > 0 && files.coldStart !== null ? await download(files.coldStart) : null;
      const made = recordedMoment(run, round, weights, coldStart);
      return { ...made, coldStart: null, seconds: 0 };
    } catch (error) {
      return error instanceof CheckpointError
        ? error.message
        : 'The weights of that round could not be loaded; check the connection and try again.';
    }
  }
}
