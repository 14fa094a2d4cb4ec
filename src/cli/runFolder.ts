/**
 * A run's folder: config.json, metrics.jsonl, trajectories.jsonl, checkpoints/, the weights that were asked for, and at the end run.json,
 * which opens in the page.
 *
 * A checkpoint is three files: `NAME.json`, the recording as it was then, `NAME.safetensors`, and last `NAME.sums`, the sizes and checksums of
 * both, of the two logs so far and of the weights that were kept by then.
 *
 * Invariants (runFolder.test.ts; npm run faults). (1) A file is replaced as a whole or not at all (disk.ts). (2) Whoever goes on takes the newest
 * checkpoint whose files are what was written; what is damaged is said and set aside, not deleted, and nothing sound is deleted for it.
 * (3) Both logs are cut to what they were at the checkpoint, so nothing measured is counted twice, whenever the process was killed; a log that
 * is lost or damaged is said, and goes on. (4) A folder holds one run; another run's settings are refused, not mixed in.
 */
import { existsSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { parseJson } from '../foreign/json.ts';
import { stepsBehind } from '../export/metricLines.ts';
import { CheckpointError } from '../policy/safetensors.ts';
import { readRunFile } from '../record/runFile.ts';
import { NewerCheckpointError, readRunCheckpoint, writeRunCheckpoint } from '../train/checkpointFile.ts';
import type { RunCheckpoint } from '../train/checkpoint.ts';
import { differingPaths, parseSettings, type RunSettings } from '../recipes/formModel.ts';
import { appendToFile, makeFolder, realDisk, replaceFile, type Disk } from './disk.ts';
import { UsageError } from './options.ts';
import { holds, readSums, sumOf, writeSums, type Sum } from './sums.ts';

/** Checkpoints kept besides those at the end of a phase. */
const checkpointsKept = 2;

const logs = ['metrics.jsonl', 'trajectories.jsonl'] as const;
export type LogName = (typeof logs)[number];

/** Where a checkpoint stands among what was measured: the axes of metrics.jsonl (export/metricLines.ts). */
export interface CheckpointMark {
  readonly step: number;
  /** Of run time. */
  readonly seconds: number;
  /** Since 1970. */
  readonly time: number;
}

export interface SavedPlace {
  readonly checkpoint: RunCheckpoint;
  /** The recording as it was then (record/runFile.ts). */
  readonly recording: string;
}

/** What a folder has to go on from, and what was found damaged, in sentences. */
export interface Resumed {
  /** Null where there is nothing. */
  readonly place: SavedPlace | null;
  readonly said: readonly string[];
}

type ReadPlace =
  | {
      readonly ok: true;
      readonly place: SavedPlace;
      readonly sums: ReadonlyMap<string, Sum> | null;
      readonly mark: Omit<CheckpointMark, 'time'>;
    }
  /** The message completes “… is damaged (…)”. */
  | { readonly ok: false; readonly message: string };

export class RunFolder {
  readonly path: string;
  readonly #checkpoints: string;
  readonly #disk: Disk;
  /** Weights that were kept beside run.json, in this session or before. */
  readonly #kept = new Map<string, Sum>();

  constructor(path: string, disk: Disk = realDisk) {
    this.path = path;
    this.#checkpoints = join(path, 'checkpoints');
    this.#disk = disk;
  }

  get isFinished(): boolean {
    return existsSync(join(this.path, 'run.json'));
  }

  /**
   * Claim the folder for a run with these settings.
   * @returns a sentence where its config.json is damaged
   * @throws UsageError where it holds another run; DiskError where it cannot be made
   */
  claim(settings: RunSettings): string | null {
    makeFolder(this.#checkpoints);
    const path = join(this.path, 'config.json');
    if (!existsSync(path)) return null;
    const parsed = parseJson(readFileSync(path, 'utf8'));
    const config = z.looseObject({ settings: z.unknown() }).safeParse(parsed.ok ? parsed.json : null);
    const other = parseSettings(config.data?.settings);
    // Its checkpoints say whose run it is too.
    if (other === null) return `${path} is damaged; it is written anew.`;
    this.#refuseAnother(settings, other);
    return null;
  }

  #refuseAnother(settings: RunSettings, other: RunSettings): void {
    const changed = differingPaths(settings, other);
    if (changed.length === 0) return;
    throw new UsageError(
      `${this.path} holds another run (it differs in ${changed.slice(0, 3).join(', ')}); choose another --out, or delete the folder.`,
    );
  }

  writeConfig(config: object): void {
    this.#replace('config.json', `${JSON.stringify(config, null, 2)}\n`);
  }

  /** The run's end. */
  writeRun(text: string): void {
    this.#replace('run.sums', writeSums([sumOf('run.json', Buffer.from(text)), ...this.#kept.values()]));
    this.#replace('run.json', text);
  }

  /** Look at a finished run's file. @returns null where it is whole, else a sentence; it is set aside then, and the run is not finished */
  checkFinished(): string | null {
    const path = join(this.path, 'run.json');
    const bytes = readFileSync(path);
    const sum = readSums(join(this.path, 'run.sums'))?.get('run.json');
    const read = readRunFile(bytes.toString('utf8'));
    if (read.ok && (sum === undefined || holds(sum, bytes))) return null;
    renameSync(path, `${path}.damaged`);
    return `${path} is damaged (${read.ok ? 'its bytes are not those that were written' : read.message.replace(/\.$/, '')}); it is set aside and made again from the last checkpoint.`;
  }

  /** A file beside run.json. */
  writeFile(name: string, contents: Uint8Array): void {
    this.#replace(name, contents);
    this.#kept.set(name, sumOf(name, contents));
  }

  has(name: string): boolean {
    return existsSync(join(this.path, name));
  }

  append(log: LogName, line: object): void {
    this.#append(log, line, false);
  }

  /** A file that is made again from the logs whenever the run is taken up: its sums are not kept. @throws DiskError */
  rewrite(name: string, contents: Uint8Array): void {
    this.#replace(name, contents);
  }

  /** More of such a file. @throws DiskError */
  extend(name: string, contents: Uint8Array): void {
    appendToFile(this.#disk, join(this.path, name), contents, false);
  }

  /** @param isLasting a checkpoint at the end of a phase, which stays */
  saveCheckpoint(
    checkpoint: RunCheckpoint,
    recording: string,
    isLasting: boolean,
    mark: CheckpointMark,
  ): void {
    const { phase, done, round } = checkpoint.position;
    const order = String(this.#nextNumber()).padStart(5, '0');
    const name = `${order}-${phase}-${done}${isLasting ? '-end' : ''}`;
    for (const log of logs) this.#append(log, { type: 'checkpoint', name, round, ...mark }, true);
    const weights = writeRunCheckpoint(checkpoint);
    const sums = [
      sumOf('json', Buffer.from(recording)),
      sumOf('safetensors', weights),
      ...logs.map((log) => sumOf(log, readFileSync(join(this.path, log)))),
      ...this.#kept.values(),
    ];
    this.#replace(join('checkpoints', `${name}.json`), recording);
    this.#replace(join('checkpoints', `${name}.safetensors`), weights);
    this.#replace(join('checkpoints', `${name}.sums`), writeSums(sums));
    const passing = this.#names().filter((other) => !other.endsWith('-end'));
    for (const old of passing.slice(0, -checkpointsKept)) this.#remove(old);
  }

  /**
   * The newest whole checkpoint, with both logs cut to it; without one the logs are emptied.
   * @throws UsageError where it was written by a newer version of the lab, or is another run's: nothing is changed then
   */
  resume(settings: RunSettings): Resumed {
    const said: string[] = [];
    this.#clearUnfinished();
    for (const name of this.#names().reverse()) {
      const read = this.#read(name);
      if (!read.ok) {
        said.push(
          `The checkpoint ${name} is damaged (${read.message}); it is set aside, and the one before it taken.`,
        );
        this.#setAside(name);
        continue;
      }
      this.#refuseAnother(settings, read.place.checkpoint.settings);
      if (read.sums === null) said.push(`The checkpoint ${name} has no sums to be held against.`);
      for (const log of logs) said.push(...this.#cutLog(log, name, read.mark, read.sums?.get(log)));
      said.push(...this.#checkKept(read.sums));
      return { place: read.place, said };
    }
    if (said.length > 0) said.push('No checkpoint is whole; the run begins again.');
    for (const log of logs) this.#replace(log, '');
    return { place: null, said };
  }

  /** @throws UsageError for a newer version's */
  #read(name: string): ReadPlace {
    const sums = readSums(join(this.#checkpoints, `${name}.sums`));
    const parts: Uint8Array[] = [];
    for (const part of ['safetensors', 'json']) {
      const path = join(this.#checkpoints, `${name}.${part}`);
      if (!existsSync(path)) return { ok: false, message: `its .${part} is missing` };
      const bytes = readFileSync(path);
      const sum = sums?.get(part);
      if (sum !== undefined && !holds(sum, bytes))
        return { ok: false, message: `the bytes of its .${part} are not those that were written` };
      parts.push(bytes);
    }
    const [weights = new Uint8Array(), json = new Uint8Array()] = parts;
    try {
      const checkpoint = readRunCheckpoint(weights);
      const recording = Buffer.from(json).toString('utf8');
      const read = readRunFile(recording);
      if (!read.ok) return { ok: false, message: `of its recording, ${read.message.replace(/\.$/, '')}` };
      const { coldStart, rounds } = stepsBehind(read.run.view.phases);
      const mark = { step: coldStart + rounds, seconds: read.run.elapsedSeconds };
      return { ok: true, place: { checkpoint, recording }, sums, mark };
    } catch (error) {
      if (error instanceof NewerCheckpointError) throw new UsageError(`${this.path}: ${error.message}`);
      if (error instanceof CheckpointError) return { ok: false, message: error.message.replace(/\.$/, '') };
      throw error;
    }
  }

  /** Cut a log to what it was at a checkpoint. @returns a sentence where that cannot be */
  #cutLog(
    log: LogName,
    checkpoint: string,
    mark: Omit<CheckpointMark, 'time'>,
    sum: Sum | undefined,
  ): readonly string[] {
    const path = join(this.path, log);
    const bytes = existsSync(path) ? readFileSync(path) : null;
    const length = sum?.bytes ?? (bytes === null ? -1 : afterMark(bytes, checkpoint));
    if (bytes === null || length < 0 || length > bytes.length) {
      // The run's own measurements are in its recording, whole.
      const kept = bytes?.subarray(0, bytes.lastIndexOf(0x0a) + 1) ?? Buffer.of();
      const line = { type: 'gap', until: checkpoint, ...mark, time: Date.now() / 1000 };
      const gap = `${JSON.stringify(line)}\n`;
      this.#replace(log, Buffer.concat([kept, Buffer.from(gap)]));
      const what = bytes === null ? 'is missing' : 'was cut off';
      return [
        `${path} ${what}: what it lacks up to the checkpoint ${checkpoint} is in run.json; it goes on from there.`,
      ];
    }
    if (length < bytes.length) this.#replace(log, bytes.subarray(0, length));
    if (sum === undefined || holds(sum, bytes, true)) return [];
    return [`${path} is not as it was written; what was measured is in run.json too. It goes on.`];
  }

  /** Weights that were kept by the checkpoint and are no longer what they were are set aside. */
  #checkKept(sums: ReadonlyMap<string, Sum> | null): readonly string[] {
    const said: string[] = [];
    for (const [name, sum] of sums ?? []) {
      if (!/^round-\d+\.safetensors$/.test(name)) continue;
      const path = join(this.path, name);
      if (existsSync(path) && holds(sum, readFileSync(path))) {
        this.#kept.set(name, sum);
        continue;
      }
      if (existsSync(path)) renameSync(path, `${path}.damaged`);
      said.push(`${path} is missing or damaged; the run goes on without it.`);
    }
    return said;
  }

  /** Checkpoints that were whole once: one of which a file is missing has its sums or its weights still. */
  #names(): string[] {
    const names = readdirSync(this.#checkpoints).flatMap(
      (file) => /^(.+)\.(safetensors|sums)$/.exec(file)?.[1] ?? [],
    );
    return [...new Set(names)].sort();
  }

  /** What a process left that died while it wrote: drafts, and a recording whose checkpoint was never there. */
  #clearUnfinished(): void {
    for (const folder of [this.path, this.#checkpoints])
      for (const file of readdirSync(folder))
        if (file.endsWith('.new')) rmSync(join(folder, file), { force: true });
    const whole = new Set(this.#names());
    for (const file of readdirSync(this.#checkpoints))
      if (file.endsWith('.json') && !whole.has(file.slice(0, -'.json'.length)))
        rmSync(join(this.#checkpoints, file));
  }

  /** Above that of any checkpoint, those that are set aside too. */
  #nextNumber(): number {
    const numbers = readdirSync(this.#checkpoints).map((file) => Number(file.slice(0, 5)));
    return 1 + Math.max(0, ...numbers.filter(Number.isInteger));
  }

  #setAside(name: string): void {
    for (const path of this.#filesOf(name)) if (existsSync(path)) renameSync(path, `${path}.damaged`);
  }

  #remove(name: string): void {
    for (const path of this.#filesOf(name)) rmSync(path, { force: true });
  }

  /** The sums last: a checkpoint that is on its way out still has them. */
  #filesOf(name: string): readonly string[] {
    return ['.safetensors', '.json', '.sums'].map((end) => join(this.#checkpoints, name + end));
  }

  #append(log: LogName, line: object, durably: boolean): void {
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    appendToFile(this.#disk, join(this.path, log), bytes, durably);
  }

  #replace(name: string, contents: string | Uint8Array): void {
    replaceFile(
      this.#disk,
      join(this.path, name),
      typeof contents === 'string' ? Buffer.from(contents) : contents,
    );
  }
}

/** Bytes up to the line that names a checkpoint, that included; -1 where there is none. */
function afterMark(log: Buffer, checkpoint: string): number {
  const at = log.lastIndexOf(`"type":"checkpoint","name":"${checkpoint}"`);
  const end = at < 0 ? -1 : log.indexOf(0x0a, at);
  return end < 0 ? -1 : end + 1;
}
