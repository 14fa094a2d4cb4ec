/**
 * `npm run test:python`: everything that leaves the lab, against the tools that it is for.
 *
 * Makes a virtual environment in .venv-python (git does not see it), installs the pinned packages of src/export/python there, writes what
 * the lab exports (from a recorded run that comes with it, and a tiny run of its own), and runs the checks. verl needs an older transformers
 * than TRL, so it has an environment of its own that borrows the rest of the first.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkBack } from './backFromPython.ts';
import { readRunSource } from './runSource.ts';

const checkNames = ['data', 'model', 'curves', 'trl', 'verl', 'back'] as const;

const usage = `npm run test:python

  Needs Python 3.11 or newer with venv, the Python registry, and about 6 GB of disk for the packages.
  ASTER_PYTHON, ASTER_PYTHON_VERL  environments that are there already, instead of .venv-python
  ASTER_EXPORTED                   a folder of files that an earlier call wrote and left, instead of writing them again
  Names of checks (${checkNames.join(', ')}) after -- run only those.`;

const checks = resolve('src/export/python');
const bundle = dirname(fileURLToPath(import.meta.url));
const recording = 'public/runs/quick-dense.json.gz';

if (process.argv.includes('--help')) {
  console.log(usage);
  process.exit(0);
}

const asked = process.argv.slice(2);
const unknown = asked.find((word) => !checkNames.some((name) => name === word));
const given = process.env['ASTER_EXPORTED'];
const folder = given ?? mkdtempSync(join(tmpdir(), 'aster-python-'));
try {
  if (unknown !== undefined) throw new Error(`There is no check “${unknown}”.\n\n${usage}`);
  // What comes back is what the check of the model wrote.
  const all = asked.includes('back') && given === undefined ? [...asked, 'model'] : asked;
  const wanted = all.length === 0 ? checkNames : checkNames.filter((name) => all.includes(name));
  const main = environment(process.env['ASTER_PYTHON'], '.venv-python/main', 'requirements.txt', null);
  console.log(`${new Date().toISOString().slice(0, 10)}; what the checks run on:`);
  must(join(main, 'bin/python'), [join(checks, 'versions.py')]);
  if (given === undefined) await exportAll();
  for (const name of wanted) {
    if (name === 'back') await checkBack(folder);
    else check(name === 'verl' ? verlEnvironment(main) : main, name);
  }
  console.log('All checks passed.');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  if (given === undefined) rmSync(folder, { recursive: true, force: true });
}
process.exit(); // the engine's threads would keep the process alive

/** verl needs an older transformers than TRL: an environment of its own that borrows the rest. */
function verlEnvironment(main: string): string {
  return environment(process.env['ASTER_PYTHON_VERL'], '.venv-python/verl', 'requirements-verl.txt', main);
}

/** @returns the environment's folder */
function environment(
  given: string | undefined,
  path: string,
  requirements: string,
  borrowed: string | null,
): string {
  if (given !== undefined) return given;
  const where = resolve(path);
  const pip = join(where, 'bin/pip');
  if (!existsSync(pip)) {
    mkdirSync(dirname(where), { recursive: true });
    must('python3', ['-m', 'venv', where]);
  }
  if (borrowed !== null) {
    const shared = sitePackages(borrowed);
    writeFileSync(join(sitePackages(where), 'borrowed.pth'), `${shared}\n`);
    must(pip, ['install', '--quiet', '--no-deps', 'verl==0.9.1']);
  }
  console.log(`Installing ${requirements} into ${path} …`);
  must(pip, ['install', '--quiet', '--requirement', join(checks, requirements)]);
  return where;
}

function sitePackages(where: string): string {
  const python = readdirSync(join(where, 'lib')).find((name) => name.startsWith('python3'));
  if (python === undefined) throw new Error(`${where} is no Python environment.`);
  return join(where, 'lib', python, 'site-packages');
}

async function exportAll(): Promise<void> {
  const to = (name: string) => join(folder, name);
  lab('export', ['--run', recording, '--out', to('model')]);
  lab('data', ['--run', recording, '--out', to('data'), '--rollouts', '128']);
  for (const tool of ['trl', 'verl'])
    lab('recipe', ['--to', tool, '--run', recording, '--out', to(`recipe-${tool}`)]);
  lab('train', ['--preset', 'micro', '--set', 'run.backend=simd', '--out', to('run')]);
  writeFileSync(to('lab-stage1.jsonl'), await stage1Rounds());
}

/** What the recorded run measured in its first eight rounds of stage 1, for TRL to be held to. */
async function stage1Rounds(): Promise<string> {
  const { view, series } = (await readRunSource(recording)).run;
  const first = view.phases.find(({ name }) => name === 'stage1')?.round ?? 0;
  const { x, metrics } = series.rounds;
  return x
    .flatMap((round, row) => {
      if (round <= first || round > first + 8) return [];
      return [Object.fromEntries(Object.entries(metrics).map(([name, column]) => [name, column[row]]))];
    })
    .map((row) => `${JSON.stringify(row)}\n`)
    .join('');
}

function lab(command: string, words: readonly string[]): void {
  must('node', [join(bundle, `${command}.js`), ...words], true);
}

function check(where: string, name: string): void {
  must(join(where, 'bin/python'), [join(checks, `check_${name}.py`)]);
}

/** @throws where the command fails */
function must(command: string, words: readonly string[], isQuiet = false): void {
  const env = {
    ...process.env,
    ASTER_EXPORTED: folder,
    HF_HUB_OFFLINE: '1',
    TRANSFORMERS_VERBOSITY: 'error',
    HF_DATASETS_DISABLE_PROGRESS_BARS: '1',
  };
  const { status } = spawnSync(command, [...words], {
    env,
    stdio: isQuiet ? ['ignore', 'ignore', 'inherit'] : ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new Error(`${command} ${words.join(' ')} failed.`);
}
