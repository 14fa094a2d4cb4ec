/**
 * `npm run study`: an experiment's variants, each with several seeds, then one report.
 *
 * Each run is `npm run train`'s, in a process and a folder of its own; what it measured is kept in its cell (study/cell.ts), from which the study
 * goes on: finished runs are not run again, interrupted ones go on from their last checkpoint. The report is made from the
 * cells, anew after every run, and says what it still lacks.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readRunFile } from '../record/runFile.ts';
import { makeCell, startWords } from '../study/cell.ts';
import { makeStudy, type StudyRun } from '../study/study.ts';
import { readBase } from './baseWeights.ts';
import { saysItself } from './command.ts';
import { UsageError } from './options.ts';
import { sourceCommit } from './provenance.ts';
import { writeReport } from './report.ts';
import { machineName, StudyCells } from './studyCells.ts';
import { cellName, parseStudyOptions, studyUsage, type Job, type StudyOptions } from './studyOptions.ts';

try {
  const options = parseStudyOptions(process.argv.slice(2));
  if (options === 'help') {
    console.log(studyUsage);
    process.exit(0);
  }
  mkdirSync(options.out, { recursive: true });
  const cells = new StudyCells(options.cells, starts());
  const failed = options.onlyTable ? 0 : await runAll(options, cells);
  console.log(report(options, cells));
  process.exit(failed === 0 ? 0 : 1);
} catch (error) {
  console.error(saysItself(error) ? error.message : error);
  if (error instanceof UsageError) console.error(`\n${studyUsage}`);
  process.exit(1);
}

/** What a job begins with, each base's file read once. */
function starts(): (job: Job) => string | null {
  const known = new Map<string, string | null>();
  return ({ variant, settings }) => {
    if (variant.from !== undefined) return startFrom(variant.from);
    const { base } = settings.policy;
    let words = known.get(base);
    if (words === undefined) {
      try {
        words = startWords(readBase(settings, null)?.base);
      } catch {
        words = null; // not on this machine
      }
      known.set(base, words);
    }
    return words;
  };
}

function startFrom(variant: string): string {
  return `the end of ${variant}`;
}

/** Runs what has no cell, a few at a time, each after the run it begins with. @returns how many failed */
async function runAll(options: StudyOptions, cells: StudyCells): Promise<number> {
  const { jobs, atOnce, threads, preset } = options;
  const each = threads ?? Math.max(1, Math.floor(availableParallelism() / atOnce));
  const waiting = jobs.filter((job) => !isThere(job, options, cells));
  const failed = new Set<string>();
  const running = new Map<string, Promise<void>>();
  let done = jobs.length - waiting.length;
  console.log(`${jobs.length} runs, ${done} of them finished already.`);
  while (waiting.length > 0 || running.size > 0) {
    const next = waiting.findIndex((job) => weightsFor(job, options) !== null);
    if (next >= 0 && running.size < atOnce) {
      const [job] = waiting.splice(next, 1);
      if (job === undefined) continue;
      const { folder } = job;
      const finished = start(job, preset.name, each, options).then((code) => {
        running.delete(folder);
        const problem = code === 0 ? keep(job, options, cells) : `failed; see ${join(folder, 'log.txt')}.`;
        if (problem === null) console.log(`${time()}  ${++done} of ${jobs.length}: ${folder}`);
        else {
          failed.add(folder);
          console.error(`${time()}  ${folder} ${problem}`);
        }
        report(options, cells);
      });
      running.set(folder, finished);
      continue;
    }
    if (running.size === 0) {
      for (const { folder, variant } of waiting)
        console.error(`${folder} waits for ${variant.from}, which has not run.`);
      return failed.size + waiting.length;
    }
    await Promise.race(running.values());
  }
  return failed.size;
}

function time(): string {
  return new Date().toTimeString().slice(0, 5);
}

/** True where a job need not run: it has a cell, or there is a run of the same elsewhere. Stale cells are told. */
function isThere(job: Job, { experiment, jobs, out }: StudyOptions, cells: StudyCells): boolean {
  const name = cellName(job.variant.name, job.seed);
  const state = cells.state(job);
  const isStart = jobs.some(({ variant, seed }) => variant.from === job.variant.name && seed === job.seed);
  // Others begin with its weights, which are in its folder and not in its cell.
  if (isStart && !isFinished(job.folder) && needsStart(job, jobs, cells)) {
    if (state.kind === 'there')
      console.log(`${name} runs again: others begin with its weights, which are not in ${out}.`);
    return false;
  }
  switch (state.kind) {
    case 'there':
      return true;
    case 'stale':
      console.log(`${name} is stale and runs again: ${state.reason}`);
      break;
    case 'missing':
      break;
  }
  const same = cells.elsewhere(job, experiment.name);
  if (same === null) return false;
  console.log(`${name} has been run for ${same.run.variant} of another experiment.`);
  cells.write(job, same);
  return true;
}

function needsStart(job: Job, jobs: readonly Job[], cells: StudyCells): boolean {
  return jobs.some(
    (other) =>
      other.variant.from === job.variant.name &&
      other.seed === job.seed &&
      cells.state(other).kind !== 'there',
  );
}

function isFinished(folder: string): boolean {
  return existsSync(join(folder, 'run.json'));
}

/** Puts what a finished run measured into its cell. @returns what is wrong, in words that complete “… ”, or null */
function keep(job: Job, { experiment, preset }: StudyOptions, cells: StudyCells): string | null {
  const read = readRunFile(readFileSync(join(job.folder, 'run.json'), 'utf8'));
  if (!read.ok) return `is left out: ${read.message}`;
  const { from, name } = job.variant;
  const provenance = {
    ...{ experiment: experiment.name, preset: preset.name, machine: machineName() },
    start: from === undefined ? startWords(read.run.base) : startFrom(from),
  };
  cells.write(job, makeCell(name, read.run, provenance));
  return null;
}

/** Words of the command line that name a job's first weights; null where the run that it begins with is not finished. */
function weightsFor({ variant, seed }: Job, { jobs }: StudyOptions): readonly string[] | null {
  if (variant.from === undefined) return [];
  const first = jobs.find((job) => job.variant.name === variant.from && job.seed === seed);
  if (first === undefined || !isFinished(first.folder)) return null;
  return ['--weights', finalWeights(first.folder)];
}

/** One `npm run train`, its words in the run's log.txt. @returns its exit status */
function start(job: Job, preset: string, threads: number, options: StudyOptions): Promise<number | null> {
  const { variant, seed, folder, assignments } = job;
  mkdirSync(folder, { recursive: true });
  const words = [
    ...['--preset', preset, '--seed', `${seed}`, '--out', folder, '--threads', `${threads}`],
    ...assignments.flatMap((assignment) => ['--set', assignment]),
    ...(weightsFor(job, options) ?? []),
  ];
  console.log(`${time()}  ${variant.title}, seed ${seed}`);
  const child = spawn(process.execPath, [fileURLToPath(new URL('./train.js', import.meta.url)), ...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const log: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => {
    log.push(chunk);
    writeFileSync(join(folder, 'log.txt'), Buffer.concat(log));
  });
  return new Promise((resolve) => {
    child.on('close', resolve);
  });
}

/** The weights at the end of a run's learning. */
function finalWeights(folder: string): string {
  const checkpoints = join(folder, 'checkpoints');
  const names = readdirSync(checkpoints)
    .filter((name) => name.endsWith('.safetensors'))
    .sort();
  const last = names.findLast((name) => /-(stage1|stage2|sft)-\d+-end/.test(name));
  if (last === undefined) throw new Error(`${folder} holds no checkpoint of its end.`);
  return join(checkpoints, last);
}

/** Makes report.md, its plots and study.json from the cells that are there. @returns what to say of it */
function report({ experiment, preset, jobs, out }: StudyOptions, cells: StudyCells): string {
  const runs: StudyRun[] = [];
  const missing: string[] = [];
  for (const job of jobs) {
    const state = cells.state(job);
    const name = cellName(job.variant.name, job.seed);
    if (state.kind === 'there') runs.push(state.cell.run);
    else missing.push(state.kind === 'stale' ? `${name} (stale: ${state.reason})` : name);
  }
  const provenance = { createdAt: new Date().toISOString(), commit: sourceCommit() };
  const study = makeStudy(experiment, preset.name, runs, provenance, missing);
  const { markdown, plots } = writeReport(study);
  writeFileSync(join(out, 'study.json'), `${JSON.stringify(study)}\n`);
  writeFileSync(join(out, 'report.md'), markdown);
  for (const [name, svg] of plots) writeFileSync(join(out, name), svg);
  const part = missing.length === 0 ? '' : `, ${missing.length} still missing`;
  return `${join(out, 'report.md')}: ${runs.length} runs${part}; ${join(out, 'study.json')} opens in the page.`;
}
