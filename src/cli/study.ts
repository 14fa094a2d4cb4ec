/**
 * `npm run study`: an experiment's variants, each with several seeds, then one report.
 *
 * Each run is `npm run train`'s, in a process and a folder of its own, so a study that was interrupted goes on where
 * it stopped and finished runs are not run again. The report is written anew from the runs' own files.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readRunFile } from '../record/runFile.ts';
import { makeStudy, studyRun, type StudyRun } from '../study/study.ts';
import { UsageError } from './options.ts';
import { sourceCommit } from './provenance.ts';
import { writeReport } from './report.ts';
import { parseStudyOptions, runFolderOf, studyUsage, type Job, type StudyOptions } from './studyOptions.ts';

try {
  const options = parseStudyOptions(process.argv.slice(2));
  if (options === 'help') {
    console.log(studyUsage);
    process.exit(0);
  }
  mkdirSync(options.out, { recursive: true });
  const failed = await runAll(options);
  report(options);
  process.exit(failed === 0 ? 0 : 1);
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error);
  if (error instanceof UsageError) console.error(`\n${studyUsage}`);
  process.exit(1);
}

/** Runs what is not finished, a few at a time, each after the run it begins with. @returns how many failed */
async function runAll({ jobs, atOnce, threads, out, preset }: StudyOptions): Promise<number> {
  const each = threads ?? Math.max(1, Math.floor(availableParallelism() / atOnce));
  const waiting = jobs.filter(({ folder }) => !isFinished(folder));
  const failed = new Set<string>();
  const running = new Map<string, Promise<void>>();
  let done = jobs.length - waiting.length;
  console.log(`${jobs.length} runs, ${done} of them finished already.`);
  while (waiting.length > 0 || running.size > 0) {
    const next = waiting.findIndex(
      ({ variant: { from }, seed }) => from === undefined || isFinished(runFolderOf(out, from, seed)),
    );
    if (next >= 0 && running.size < atOnce) {
      const [job] = waiting.splice(next, 1);
      if (job === undefined) continue;
      running.set(
        job.folder,
        start(job, preset.name, each, out).then((code) => {
          running.delete(job.folder);
          if (code === 0) console.log(`${++done} of ${jobs.length}: ${job.folder}`);
          else failed.add(job.folder);
        }),
      );
      continue;
    }
    if (running.size === 0) {
      for (const { folder, variant } of waiting)
        console.error(`${folder} waits for ${variant.from}, which has not run.`);
      return failed.size + waiting.length;
    }
    await Promise.race(running.values());
  }
  for (const folder of failed) console.error(`${folder} failed; see ${join(folder, 'log.txt')}.`);
  return failed.size;
}

function isFinished(folder: string): boolean {
  return existsSync(join(folder, 'run.json'));
}

/** One `npm run train`, its words in the run's log.txt. @returns its exit status */
function start(
  { variant, seed, folder, assignments }: Job,
  preset: string,
  threads: number,
  out: string,
): Promise<number | null> {
  mkdirSync(folder, { recursive: true });
  const words = [
    ...['--preset', preset, '--seed', `${seed}`, '--out', folder, '--threads', `${threads}`],
    ...assignments.flatMap((assignment) => ['--set', assignment]),
    ...(variant.from === undefined ? [] : ['--weights', finalWeights(runFolderOf(out, variant.from, seed))]),
  ];
  console.log(`${new Date().toTimeString().slice(0, 5)}  ${variant.title}, seed ${seed}`);
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

function report({ experiment, preset, jobs, out }: StudyOptions): void {
  const runs: StudyRun[] = [];
  for (const { variant, folder } of jobs) {
    if (!isFinished(folder)) continue;
    const read = readRunFile(readFileSync(join(folder, 'run.json'), 'utf8'));
    if (read.ok) runs.push(studyRun(variant.name, read.run));
    else console.error(`${folder} is left out: ${read.message}`);
  }
  const study = makeStudy(experiment, preset.name, runs, {
    createdAt: new Date().toISOString(),
    commit: sourceCommit(),
  });
  const { markdown, plots } = writeReport(study);
  writeFileSync(join(out, 'study.json'), `${JSON.stringify(study)}\n`);
  writeFileSync(join(out, 'report.md'), markdown);
  for (const [name, svg] of plots) writeFileSync(join(out, name), svg);
  console.log(
    `${join(out, 'report.md')}: ${runs.length} runs; ${join(out, 'study.json')} opens in the page.`,
  );
}
