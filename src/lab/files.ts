/**
 * A run's files: what can be taken out of the lab, and what can be opened in it.
 *
 * Invariant: a file that is no good becomes a notice and changes nothing; a checkpoint that never comes becomes null.
 */
import type { FromTrainer } from '../worker/protocol.ts';
import type { LabEnvironment } from './environment.ts';
import { readRunFile, writeRunFile } from './runFile.ts';
import type { RunLife } from './runLife.ts';
import { fileStem } from './session.ts';
import type { Snapshots } from './snapshots.ts';
import type { LabActions } from './state.ts';

/** Patience with a checkpoint, milliseconds. */
const checkpointPatience = 60_000;
/** Largest run file that is read. A run of the lab is a hundredth of it. */
const maxFileBytes = 256 * 2 ** 20;

const tooLarge = { ok: false, message: 'it is far larger than a run of this lab.' } as const;

type Weights = Extract<FromTrainer, { type: 'checkpoint' }>;

export class RunFiles {
  readonly #environment: LabEnvironment;
  readonly #snapshots: Snapshots;
  readonly #run: RunLife;

  constructor(environment: LabEnvironment, snapshots: Snapshots, run: RunLife) {
    this.#environment = environment;
    this.#snapshots = snapshots;
    this.#run = run;
  }

  exportRun(): ReturnType<LabActions['exportRun']> {
    const { session } = this.#run;
    if (session === null) return null;
    const { engine, sandbox, parameters, elapsedSeconds, tokensPerSecond } = this.#snapshots.state;
    const text = writeRunFile({
      recordedAt: session.recorded?.recordedAt ?? this.#environment.date(),
      origin: session.recorded?.origin ?? this.#environment.origin,
      settings: session.settings,
      presetName: session.presetName,
      engine,
      sandbox,
      parameters,
      elapsedSeconds,
      tokensPerSecond,
      view: session.view,
      series: session.series.record(),
    });
    return {
      name: `${fileStem(session)}.json`,
      blob: new Blob([text], { type: 'application/json' }),
    };
  }

  async exportWeights(): ReturnType<LabActions['exportCheckpoint']> {
    const { session } = this.#run;
    if (session === null || !this.#run.hasWeights) return null;
    const message = await new Promise<Weights | null>((resolve) => {
      this.#environment.after(checkpointPatience, () => resolve(null));
      this.#run.askForWeights(resolve);
    });
    if (message === null) return null;
    return {
      name: `${fileStem(session)}-${message.phase}.safetensors`,
      blob: new Blob([new Uint8Array(message.bytes)], { type: 'application/octet-stream' }),
    };
  }

  async open(file: Blob, name: string): Promise<void> {
    const read = file.size > maxFileBytes ? tooLarge : readRunFile(await file.text().catch(() => ''));
    const { notices } = this.#snapshots.state;
    if (!read.ok) {
      this.#snapshots.now({ notices: [...notices, `“${name}” was not opened: ${read.message}`] });
      return;
    }
    this.#run.show(read.run, name, read.notices);
  }
}
