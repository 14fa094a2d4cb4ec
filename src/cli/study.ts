/**
 * `npm run study`: an experiment's variants, each with several seeds, then one report.
 *
 * Invariant: each run is `npm run train`'s, in a process and a folder of its own, so a study that was interrupted goes on where
 * it stopped and finished runs are not run again. The report is written anew from the runs' own files.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { experiments, findExperiment, variantSettings, type Variant } from '../recipes/experiments.ts';
import { findPreset, presets } from '../recipes/presets.ts';
import { readRunFile } from '../record/runFile.ts';
import { differingPaths, getSetting } from '../recipes/formModel.ts';
import { makeStudy, studyRun, type StudyRun } from '../study/study.ts';
import { resolveSettings, UsageError } from './options.ts';
import { sourceCommit } from './provenance.ts';
import { writeReport } from './report.ts';

const usage = `npm run study -- collapse --seeds 1,2,3

  ${experiments.map(({ name, question }) => `${name.padEnd(15)} ${question}`).join('\n  ')}

  --preset    ${presets.map(({ name }) => name).join(', ')}  (default: the experiment’s own)
  --seeds     default 1,2,3
  --variants  only these, by name (default all)
  --jobs      runs at a time (default 1; on WebAssembly, one for each core)
  --set       a setting of every run, e.g. --set run.backend=wasm
  --out       the study's folder (default runs/<experiment>-<preset>)`;

interface Job {
  readonly variant: Variant;
  readonly seed: number;
  readonly folder: string;
  readonly assignments: readonly string[];
}

const { values, positionals } = read();
const experiment = findExperiment(positionals[0] ?? '');
const presetName = values.preset ?? experiment?.preset ?? 'quick';
const preset = findPreset(presetName);
if (values.help === true || experiment === undefined || preset === undefined) {
  console.log(usage);
  process.exit(values.help === true ? 0 : 1);
}
const out = values.out ?? join('runs', `${experiment.name}-${presetName}`);
mkdirSync(out, { recursive: true });
try {
  const jobs = plan();
  const failed = await runAll(jobs, Math.max(1, Number(values.jobs ?? 1)));
  report(jobs);
  process.exit(failed === 0 ? 0 : 1);
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error);
  process.exit(1);
}

function read() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        preset: { type: 'string' },
        seeds: { type: 'string' },
        variants: { type: 'string' },
        jobs: { type: 'string' },
        set: { type: 'string', multiple: true },
        out: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(1);
  }
}

/** Every run of the study, checked before the first one starts. @throws UsageError */
function plan(): Job[] {
  if (experiment === undefined || preset === undefined) return [];
  const seeds = (values.seeds ?? '1,2,3').split(',').map(Number);
  const wanted = values.variants?.split(',');
  const variants = experiment.variants.filter(({ name }) => wanted === undefined || wanted.includes(name));
  if (variants.length === 0) {
    throw new UsageError(`The variants are ${experiment.variants.map(({ name }) => name).join(', ')}.`);
  }
  return seeds.flatMap((seed) =>
    variants.map((variant) => {
      const settings = variantSettings(preset.settings, variant);
      const changed = differingPaths(preset.settings, settings).map(
        (path) => `${path}=${getSetting(settings, path)}`,
      );
      const assignments = [...changed, ...(values.set ?? [])];
      resolveSettings(preset.settings, { seed: `${seed}`, assignments }); // throws what is wrong with it
      return { variant, seed, folder: folderOf(variant.name, seed), assignments };
    }),
  );
}

function folderOf(variant: string, seed: number): string {
  return join(out, `${variant}-${seed}`);
}

/** Runs what is not finished, a few at a time, each after the run it begins with. @returns how many failed */
async function runAll(jobs: readonly Job[], atOnce: number): Promise<number> {
  const waiting = jobs.filter(({ folder }) => !isFinished(folder));
  const failed = new Set<string>();
  const running = new Map<string, Promise<void>>();
  let done = jobs.length - waiting.length;
  console.log(`${jobs.length} runs, ${done} of them finished already.`);
  while (waiting.length > 0 || running.size > 0) {
    const next = waiting.findIndex(
      ({ variant: { from }, seed }) => from === undefined || isFinished(folderOf(from, seed)),
    );
    if (next >= 0 && running.size < atOnce) {
      const [job] = waiting.splice(next, 1);
      if (job === undefined) continue;
      running.set(
        job.folder,
        start(job).then((code) => {
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
function start({ variant, seed, folder, assignments }: Job): Promise<number | null> {
  mkdirSync(folder, { recursive: true });
  const words = [
    ...['--preset', presetName, '--seed', `${seed}`, '--out', folder],
    ...assignments.flatMap((assignment) => ['--set', assignment]),
    ...(variant.from === undefined ? [] : ['--weights', finalWeights(folderOf(variant.from, seed))]),
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

function report(jobs: readonly Job[]): void {
  if (experiment === undefined) return;
  const runs: StudyRun[] = [];
  for (const { variant, folder } of jobs) {
    if (!isFinished(folder)) continue;
    const read = readRunFile(readFileSync(join(folder, 'run.json'), 'utf8'));
    if (read.ok) runs.push(studyRun(variant.name, read.run));
    else console.error(`${folder} is left out: ${read.message}`);
  }
  const study = makeStudy(experiment, presetName, runs, {
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
