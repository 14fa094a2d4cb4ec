/**
 * A run's folder: config.json, metrics.jsonl, trajectories.jsonl, checkpoints/, the weights that were
 * asked for, and at the end run.json, which opens in the page.
 *
 * Invariants. (1) A file is replaced as a whole or not at all. (2) The logs name each checkpoint in a line of their own before
 * the checkpoint exists, so whoever goes on from it cuts both logs after that line: nothing measured is counted twice,
 * whenever the process was killed. (3) A folder holds one run; another run's settings are refused, not mixed in.
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { NewerCheckpointError, readRunCheckpoint, writeRunCheckpoint } from '../train/checkpointFile.ts';
import type { RunCheckpoint } from '../train/checkpoint.ts';
import { differingPaths, type RunSettings } from '../recipes/formModel.ts';
import { UsageError } from './options.ts';

/** Checkpoints kept besides those at the end of a phase. */
const checkpointsKept = 2;

const logs = ['metrics.jsonl', 'trajectories.jsonl'] as const;
export type LogName = (typeof logs)[number];

export interface SavedPlace {
  readonly checkpoint: RunCheckpoint;
  /** The recording as it was then (record/runFile.ts). */
  readonly recording: string;
}

export class RunFolder {
  readonly path: string;
  readonly #checkpoints: string;

  constructor(path: string) {
    this.path = path;
    this.#checkpoints = join(path, 'checkpoints');
  }

  get isFinished(): boolean {
    return existsSync(join(this.path, 'run.json'));
  }

  /** Claim the folder for a run with these settings. @throws UsageError where it holds another run */
  claim(settings: RunSettings): void {
    mkdirSync(this.#checkpoints, { recursive: true });
    const path = join(this.path, 'config.json');
    if (!existsSync(path)) return;
    const { settings: other } = JSON.parse(readFileSync(path, 'utf8')) as { settings: RunSettings };
    const changed = differingPaths(settings, other);
    if (changed.length === 0) return;
    throw new UsageError(
      `${this.path} holds another run (it differs in ${changed.slice(0, 3).join(', ')}); choose another --out, or delete the folder.`,
    );
  }

  writeConfig(config: object): void {
    this.#replace('config.json', `${JSON.stringify(config, null, 2)}\n`);
  }

  writeRun(text: string): void {
    this.#replace('run.json', text);
  }

  /** A file beside run.json. */
  writeFile(name: string, contents: Uint8Array): void {
    this.#replace(name, contents);
  }

  has(name: string): boolean {
    return existsSync(join(this.path, name));
  }

  append(log: LogName, line: object): void {
    appendFileSync(join(this.path, log), `${JSON.stringify(line)}\n`);
  }

  /** @param isLasting a checkpoint at the end of a phase, which stays */
  saveCheckpoint(checkpoint: RunCheckpoint, recording: string, isLasting: boolean): void {
    const { phase, done, round } = checkpoint.position;
    const order = String(this.#nextNumber()).padStart(5, '0');
    const name = `${order}-${phase}-${done}${isLasting ? '-end' : ''}`;
    for (const log of logs) this.append(log, { type: 'checkpoint', name, round });
    this.#replace(join('checkpoints', `${name}.json`), recording);
    this.#replace(join('checkpoints', `${name}.safetensors`), writeRunCheckpoint(checkpoint));
    const passing = this.#names().filter((other) => !other.endsWith('-end'));
    for (const old of passing.slice(0, -checkpointsKept)) this.#remove(old);
  }

  /**
   * The newest whole checkpoint, with both logs cut to it; null where there is none (and the logs are emptied).
   * @throws UsageError where it was written by a newer version of the lab: nothing is deleted then
   */
  resume(): SavedPlace | null {
    for (const name of this.#names().reverse()) {
      try {
        const place = {
          checkpoint: readRunCheckpoint(readFileSync(join(this.#checkpoints, `${name}.safetensors`))),
          recording: readFileSync(join(this.#checkpoints, `${name}.json`), 'utf8'),
        };
        this.#cutLogs(name);
        return place;
      } catch (error) {
        if (error instanceof NewerCheckpointError) throw new UsageError(`${this.path}: ${error.message}`);
        this.#remove(name); // half written when the process died
      }
    }
    for (const log of logs) writeFileSync(join(this.path, log), '');
    return null;
  }

  #cutLogs(name: string): void {
    for (const log of logs) {
      const lines = readFileSync(join(this.path, log), 'utf8').split('\n');
      const last = lines.findLastIndex((line) => line.includes(`"type":"checkpoint","name":"${name}"`));
      if (last < 0) throw new Error(`${log} does not know the checkpoint ${name}.`);
      this.#replace(log, `${lines.slice(0, last + 1).join('\n')}\n`);
    }
  }

  #names(): string[] {
    return readdirSync(this.#checkpoints)
      .filter((file) => file.endsWith('.safetensors'))
      .map((file) => file.slice(0, -'.safetensors'.length))
      .sort();
  }

  #nextNumber(): number {
    return 1 + Math.max(0, ...this.#names().map((name) => Number(name.slice(0, 5))));
  }

  #remove(name: string): void {
    for (const end of ['.safetensors', '.json']) rmSync(join(this.#checkpoints, name + end), { force: true });
  }

  #replace(name: string, contents: string | Uint8Array): void {
    const path = join(this.path, name);
    writeFileSync(`${path}.new`, contents);
    renameSync(`${path}.new`, path);
  }
}
