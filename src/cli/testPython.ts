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

const usage = `npm run test:python

  Needs Python 3.11 or newer with venv, the Python registry, and about 6 GB of disk for the packages.
  ASTER_PYTHON, ASTER_PYTHON_VERL  environments that are there already, instead of .venv-python`;

const checks = resolve('src/export/python');
const bundle = dirname(fileURLToPath(import.meta.url));
const recording = 'public/runs/quick-dense.json.gz';

if (process.argv.includes('--help')) {
  console.log(usage);
  process.exit(0);
}

const folder = mkdtempSync(join(tmpdir(), 'aster-python-'));
try {
  const main = environment(process.env['ASTER_PYTHON'], '.venv-python/main', 'requirements.txt', null);
  const verl = environment(
    process.env['ASTER_PYTHON_VERL'],
    '.venv-python/verl',
    'requirements-verl.txt',
    main,
  );
  console.log(`${new Date().toISOString().slice(0, 10)}; Python and packages of the checks:`);
  must(join(main, 'bin/python'), [join(checks, 'versions.py')]);
  exportAll();
  for (const name of ['data', 'model', 'curves', 'trl']) check(main, name);
  check(verl, 'verl');
  await checkBack(folder);
  console.log('All checks passed.');
  process.exit(0);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
} finally {
  rmSync(folder, { recursive: true, force: true });
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

function exportAll(): void {
  const to = (name: string) => join(folder, name);
  lab('export', ['--run', recording, '--out', to('model')]);
  lab('data', ['--run', recording, '--out', to('data'), '--rollouts', '128']);
  for (const tool of ['trl', 'verl'])
    lab('recipe', ['--to', tool, '--run', recording, '--out', to(`recipe-${tool}`)]);
  lab('train', ['--preset', 'micro', '--set', 'run.backend=simd', '--out', to('run')]);
  writeFileSync(to('lab-stage1.jsonl'), stage1Rounds());
}

/** What the recorded run measured in its first eight rounds of stage 1, for TRL to be held to. */
function stage1Rounds(): string {
  const { view, series } = readRunSource(recording).run;
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
