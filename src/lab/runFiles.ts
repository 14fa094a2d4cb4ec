/**
 * Files: what can be taken out of the lab (a run, its weights), and what can be opened in it (a run, a study).
 *
 * Invariant: a file that is no good becomes a notice and changes nothing; a checkpoint that never comes becomes null.
 */
import type { FromTrainer } from '../worker/protocol.ts';
import type { LabEnvironment } from './environment.ts';
import { fileText } from '../record/fileText.ts';
import { readRun, writeRunFile, type RecordedRun } from '../record/runFile.ts';
import type { RunLife } from './runController.ts';
import { fileStem, type Session } from './session.ts';
import type { Snapshots } from './snapshots.ts';
import type { LabActions } from './state.ts';
import { isStudy, readStudy } from '../study/study.ts';

/** Patience with a checkpoint, milliseconds. */
const checkpointPatience = 60_000;

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
    // A run that is not live is exported whole, whatever part of it is shown.
    const text = writeRunFile(session.recorded ?? this.#record(session));
    return {
      name: `${fileStem(session)}.json`,
      blob: new Blob([text], { type: 'application/json' }),
    };
  }

  #record({ settings, presetName, view, series }: Session): RecordedRun {
    const { engine, sandbox, parameters, elapsedSeconds, tokensPerSecond } = this.#snapshots.state;
    return {
      recordedAt: this.#environment.date(),
      origin: this.#environment.origin,
      settings,
      presetName,
      engine,
      sandbox,
      parameters,
      elapsedSeconds,
      tokensPerSecond,
      view,
      series: series.record(),
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
    let json: unknown;
    try {
      const text = await fileText(file);
      if (text === undefined) {
        this.#refuse(name, 'it is far larger than a run of this lab.');
        return;
      }
      json = JSON.parse(text);
    } catch {
      this.#refuse(name, 'it is not a JSON file, or was cut off.');
      return;
    }
    if (isStudy(json)) {
      const read = readStudy(json);
      if (read.ok) this.#snapshots.now({ study: { name, study: read.study } });
      else this.#refuse(name, read.message);
    } else {
      const read = readRun(json);
      if (read.ok) this.#run.show(read.run, 'file', name, read.notices);
      else this.#refuse(name, read.message);
    }
  }

  #refuse(name: string, message: string): void {
    const { notices } = this.#snapshots.state;
    this.#snapshots.now({ notices: [...notices, `“${name}” was not opened: ${message}`] });
  }
}
