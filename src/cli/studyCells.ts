/**
 * A study's cells on disk: which runs are there, which are stale, which are missing.
 *
 * A run of another experiment with the same settings and the same start is the same run: its cell is taken over instead of running it again.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { readCell, staleReason, writeCell, type Cell } from '../study/cell.ts';
import { cellName, type Job } from './studyOptions.ts';

export type CellState =
  | { readonly kind: 'there'; readonly cell: Cell }
  | { readonly kind: 'missing' }
  /** `reason` completes “… is stale:” or “… was left out:”. */
  | { readonly kind: 'stale'; readonly reason: string };

export class StudyCells {
  readonly #folder: string;
  readonly #startOf: (job: Job) => string | null;

  /** @param startOf the weights that a job begins with, in words that change when they do; null where that cannot be told */
  constructor(folder: string, startOf: (job: Job) => string | null) {
    this.#folder = folder;
    this.#startOf = startOf;
  }

  state(job: Job): CellState {
    const path = this.#path(job);
    if (!existsSync(path)) return { kind: 'missing' };
    const read = readCell(readFileSync(path, 'utf8'));
    if (!read.ok) return { kind: 'stale', reason: read.message };
    const reason = staleReason(read.cell, job.settings, this.#startOf(job));
    return reason === null ? { kind: 'there', cell: read.cell } : { kind: 'stale', reason };
  }

  /** A cell of another experiment beside this one whose run is the same, under this job's name; null where there is none. */
  elsewhere(job: Job, experiment: string): Cell | null {
    if (job.variant.from !== undefined) return null;
    for (const path of cellFiles(dirname(this.#folder))) {
      const read = readCell(readFileSync(path, 'utf8'));
      if (!read.ok || staleReason(read.cell, job.settings, this.#startOf(job)) !== null) continue;
      return { ...read.cell, experiment, run: { ...read.cell.run, variant: job.variant.name } };
    }
    return null;
  }

  write(job: Job, cell: Cell): void {
    mkdirSync(this.#folder, { recursive: true });
    const path = this.#path(job);
    writeFileSync(`${path}.new`, writeCell(cell));
    renameSync(`${path}.new`, path);
  }

  #path({ variant, seed }: Job): string {
    return join(this.#folder, `${cellName(variant.name, seed)}.json`);
  }
}

function cellFiles(root: string): readonly string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) =>
      readdirSync(join(root, name))
        .filter((file) => file.endsWith('.json'))
        .map((file) => join(root, name, file)),
    );
}

/** The machine, in words. */
export function machineName(): string {
  const all = cpus();
  return `${all.length} x ${all[0]?.model.trim() ?? 'unknown processor'}, Node ${process.version}`;
}
