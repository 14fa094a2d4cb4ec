/**
 * `npm run faults`: small runs that are killed, broken and started again, each of which must end as one that was left alone.
 *
 * Every run is the real command in a process of its own. What is compared is what a run is for: its last weights and AdamW's moments bit for bit,
 * its curves, its benchmarks, the weights that were kept on the way, and its logs.
 */
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Random } from '../../random/random.ts';
import { readRunFile } from '../../record/runFile.ts';
import { eventFileName } from '../curveLog.ts';
import { readRunCheckpoint } from '../../train/checkpointFile.ts';

const usage = `npm run faults -- --runs 50

  --runs     how many (default 50)
  --seed     which ones (default 1)
  --only     one of them, by its number
  --at-once  how many at a time (default 2)
  --python   with Python, whose processes must end with theirs; without, sums are reckoned`;

const kinds = [
  'kill at a moment',
  'kill at a byte',
  'full disk',
  'flipped bit',
  'halved file',
  'lost log',
] as const;
type Kind = (typeof kinds)[number] | 'Python killed';

/** A `micro` run of a few steps that saves at every place it could go on from. */
const words = [
  ...['--preset', 'micro', '--checkpoint-every', '0', '--keep-weights', '2', '--threads', '1'],
  ...[
    ...['run.backend=simd', 'teacher.trajectories=64', 'curation.size=48', 'sft.epochs=2', 'sft.probes=1'],
    ...['stage1.steps=3', 'stage2.steps=2', 'evaluation.problems=1', 'evaluation.afterColdStart=false'],
  ].flatMap((assignment) => ['--set', assignment]),
];

interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly said: string;
}

/** @param watch called every few milliseconds, with the number of the process; true ends it at once */
async function run(
  out: string,
  fault: 'kill' | 'full' | 'none' = 'none',
  bytes = 0,
  watch: (pid: number) => boolean = () => false,
): Promise<Ended> {
  const script = fileURLToPath(new URL('./faultRun.js', import.meta.url));
  // On a busy machine a sum may take longer than the deadline of training, and end otherwise than in the other run.
  const calls = values.python ? ['python', '--set', 'sandbox.deadlineMs=5000'] : ['sums'];
  const child = spawn(process.execPath, [script, fault, `${bytes}`, ...calls, ...words, '--out', out], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, TMPDIR: temporary },
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
  const timer = setInterval(() => {
    if (child.pid !== undefined && watch(child.pid)) child.kill('SIGKILL');
  }, 3);
  return new Promise((resolve) => {
    child.on('close', (status, signal) => {
      clearInterval(timer);
      resolve({ status, signal, said });
    });
  });
}

// -- what a run has come to

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

const lastCheckpoint = (out: string, pattern: RegExp) => {
  const names = readdirSync(join(out, 'checkpoints')).sort();
  const name = names.findLast((one) => pattern.test(one));
  if (name === undefined) throw new Error(`${out} holds no such checkpoint.`);
  return join(out, 'checkpoints', name);
};

/** Lines of the log of measurements, without times and without marks. */
function measurements(out: string): string[] {
  return readFileSync(join(out, 'metrics.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ type }) => type !== 'checkpoint' && type !== 'gap')
    .map((line) => JSON.stringify({ ...line, seconds: 0, time: 0 }));
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** What is lost or different; empty where nothing is. @param harmed a file that was broken by hand */
function differences(out: string, whole: string, harmed: string | null): string[] {
  const found: string[] = [];
  const end = [whole, out].map((folder) =>
    readRunCheckpoint(readFileSync(lastCheckpoint(folder, /-stage2-\d+-end\.safetensors$/))),
  );
  const [first, second] = end;
  if (first === undefined || second === undefined) throw new Error('two folders');
  for (const part of [
    (one: typeof first) => one.tensors,
    (one: typeof first) => one.optimizer.m,
    (one: typeof first) => one.optimizer.v,
  ]) {
    for (const [name, { data }] of part(first)) {
      const other = part(second).get(name)?.data;
      if (other === undefined || !data.every((value, i) => Object.is(value, other[i])))
        found.push(`weights ${name}`);
    }
  }
  if (!same(first.position, second.position)) found.push('its place');
  const [a, b] = [whole, out].map((folder) => {
    const read = readRunFile(readFileSync(join(folder, 'run.json'), 'utf8'));
    if (!read.ok) throw new Error(read.message);
    return read.run;
  });
  if (!same(a?.series, b?.series)) found.push('curves');
  if (!same(a?.view.benchmarks, b?.view.benchmarks)) found.push('benchmarks');
  if (
    !same(
      a?.view.rounds.map(({ round }) => round),
      b?.view.rounds.map(({ round }) => round),
    )
  )
    found.push('rollouts');
  for (const { file } of a?.view.weights ?? []) {
    if (harmed?.endsWith(file) === true) continue;
    const other = join(out, file);
    if (!existsSync(other) || !readFileSync(join(whole, file)).equals(readFileSync(other))) found.push(file);
  }
  const [log, otherLog] = [
    measurements(whole),
    harmed?.endsWith('metrics.jsonl') === true ? null : measurements(out),
  ];
  if (otherLog !== null && !same(log, otherLog))
    found.push(`metrics.jsonl: ${otherLog.length} lines, not ${log.length}`);
  // Its clock's readings have a fixed width, so the same points are as many bytes.
  const [events, otherEvents] = [whole, out].map((folder) => statSync(join(folder, eventFileName)).size);
  if (otherLog !== null && events !== otherEvents)
    found.push(`${eventFileName}: ${otherEvents} bytes, not ${events}`);
  if (existsSync(join(out, 'lock'))) found.push('a lock is left');
  const left = files(out).filter((file) => file.endsWith('.new'));
  if (left.length > 0) found.push(`${left.join(', ')} left`);
  return found;
}

// -- faults

/** Breaks one file of a run that stands still. @returns its path, and whether the run will have to say so */
function harm(out: string, kind: Kind, random: Random): { readonly file: string; readonly tells: boolean } {
  const newest = readdirSync(join(out, 'checkpoints'))
    .filter((name) => name.endsWith('.safetensors'))
    .sort()
    .at(-1)
    ?.replace('.safetensors', '');
  if (kind === 'lost log') {
    const file = join(out, random.choice(['metrics.jsonl', 'trajectories.jsonl']));
    rmSync(file);
    return { file, tells: newest !== undefined };
  }
  // Every second time a file of the newest checkpoint, else any.
  const all = files(out).filter((file) => !/\.damaged$|\.new$/.test(file) && statSync(file).size > 1);
  const its = all.filter((file) => newest !== undefined && file.includes(newest) && !file.endsWith('.sums'));
  if (all.length === 0) return { file: join(out, 'nothing'), tells: false };
  const file = random.choice(its.length > 0 && random.uniform() < 0.5 ? its : all);
  const bytes = readFileSync(file);
  if (kind === 'flipped bit') bytes[random.integer(0, bytes.length - 1)]! ^= 1 << random.integer(0, 7);
  writeFileSync(file, kind === 'flipped bit' ? bytes : bytes.subarray(0, Math.floor(bytes.length / 2)));
  return { file, tells: its.includes(file) };
}

/** One run with one fault, started again until it ends. @returns what happened, and what is wrong */
async function faultRun(
  kind: Kind,
  out: string,
  whole: string,
  total: number,
  random: Random,
): Promise<{ readonly story: string; readonly wrong: readonly string[] }> {
  const wrong: string[] = [];
  const byte = random.integer(0, total - 1);
  let story = `at byte ${byte} of ${total}`;
  let harmed: { readonly file: string; readonly tells: boolean } | null = null;
  switch (kind) {
    case 'kill at a moment': {
      const size = random.integer(0, statSync(join(whole, 'metrics.jsonl')).size - 1);
      const log = join(out, 'metrics.jsonl');
      story = `when ${size} bytes of its log were written`;
      await run(out, 'none', 0, () => existsSync(log) && statSync(log).size >= size);
      break;
    }
    case 'kill at a byte': {
      const { signal } = await run(out, 'kill', byte);
      if (signal !== 'SIGKILL') wrong.push('it was not killed');
      break;
    }
    case 'full disk': {
      const { status, said } = await run(out, 'full', byte);
      if (status !== 1 || !said.includes('the disk is full'))
        wrong.push(`it did not say that the disk is full: ${said}`);
      if (/\n\s+at /.test(said)) wrong.push('it showed a stack');
      break;
    }
    case 'Python killed': {
      // Twice, whichever of its processes: the run goes on by itself.
      const size = statSync(join(whole, 'metrics.jsonl')).size;
      const due = [random.integer(0, size / 2), random.integer(size / 2, size - 200)];
      story = `when ${due.join(' and ')} bytes of its log were written`;
      const log = join(out, 'metrics.jsonl');
      const { status, said } = await run(out, 'none', 0, (pid) => {
        if (due[0] !== undefined && existsSync(log) && statSync(log).size >= due[0]) {
          due.shift();
          const its = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
          for (const child of its) if (random.uniform() < 0.7) process.kill(Number(child), 'SIGKILL');
        }
        return false;
      });
      if (status !== 0) wrong.push(`it ended with ${status}: ${said}`);
      if (due.length > 0) wrong.push('not every process was killed');
      wrong.push(...differences(out, whole, null));
      return { story, wrong };
    }
    case 'flipped bit':
    case 'halved file':
    case 'lost log': {
      // Every fifth is finished before.
      if (random.uniform() < 0.2) await run(out);
      else await run(out, 'kill', random.integer(Math.floor(total / 4), total - 1));
      harmed = harm(out, kind, random);
      story = harmed.file.slice(out.length + 1);
      break;
    }
  }
  const finishedBefore = existsSync(join(out, 'run.json'));
  const again = await run(out);
  if (again.status !== 0) wrong.push(`it ended with ${again.status}: ${again.said}`);
  else {
    if (
      harmed?.tells === true &&
      !finishedBefore &&
      !/damaged|missing|cut off|not as it was/.test(again.said)
    )
      wrong.push(`nothing was said of ${harmed.file}`);
    // What lies in a finished run beside its file is looked at when somebody goes on from it, which nobody does.
    if (!finishedBefore || harmed?.file.endsWith('run.json') === true)
      wrong.push(...differences(out, whole, harmed?.file ?? null));
  }
  return { story, wrong };
}

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    'at-once': { type: 'string', default: '2' },
    python: { type: 'boolean', default: false },
    help: { type: 'boolean' },
  },
});
if (values.help === true) {
  console.log(usage);
  process.exit(0);
}
const folder = mkdtempSync(join(tmpdir(), 'aster-faults-'));
const whole = join(folder, 'whole');
/** Where Python's processes have their files. */
const temporary = join(folder, 'tmp');
mkdirSync(temporary);
mkdirSync(whole, { recursive: true });
const began = performance.now();
const { status, said } = await run(whole);
if (status !== 0) throw new Error(said);
// What a run writes in all: its checkpoints, of which most are gone, are as large as the last ones.
const checkpoints = readFileSync(join(whole, 'metrics.jsonl'), 'utf8').split('"checkpoint"').length - 1;
const total = files(whole)
  .filter((file) => !file.includes('checkpoints'))
  .reduce(
    (sum, file) => sum + statSync(file).size,
    checkpoints * statSync(lastCheckpoint(whole, /stage1.*safetensors$/)).size,
  );
console.log(`The run left alone: ${checkpoints} checkpoints, ${total} bytes, ${seconds()} s.`);

function seconds(): string {
  return ((performance.now() - began) / 1000).toFixed(0);
}

let failed = 0;
const numbers =
  values.only === undefined
    ? Array.from({ length: Number(values.runs) }, (_, i) => i)
    : [Number(values.only)];

async function one(i: number): Promise<void> {
  const all: readonly Kind[] =
    values.python && existsSync('/proc/self/task') ? [...kinds, 'Python killed'] : kinds;
  const kind = all[i % all.length];
  if (kind === undefined) throw new Error('a kind');
  const out = join(folder, `run-${i}`);
  const { story, wrong } = await faultRun(kind, out, whole, total, new Random(`faults/${values.seed}/${i}`));
  if (wrong.length > 0) failed++;
  console.log(
    `${String(i).padStart(3)}  ${kind}, ${story}: ${wrong.length === 0 ? 'as left alone' : wrong.join('; ')}`,
  );
  if (wrong.length === 0) rmSync(out, { recursive: true });
}

/** Processes of Python that have their files in this folder, where the system tells them. */
function pythonProcesses(): string[] {
  if (!existsSync('/proc/self/cmdline')) return [];
  return readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(`${temporary}/`);
    } catch {
      return false; // it has ended meanwhile
    }
  });
}

const waiting = [...numbers];
async function oneAfterTheOther(): Promise<void> {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await one(next);
}
await Promise.all(Array.from({ length: Number(values['at-once']) }, oneAfterTheOther));
if (values.python) {
  // The last run has tidied up after those that were killed; no process of theirs is left.
  await run(join(folder, 'last'));
  const left = [...readdirSync(temporary), ...pythonProcesses()];
  console.log(left.length === 0 ? 'Nothing of Python is left.' : `Left of Python: ${left.join(', ')}`);
  if (left.length > 0) failed++;
}
console.log(
  `${numbers.length - failed} of ${numbers.length} ended as the run that was left alone, in ${seconds()} s.`,
);
if (failed === 0) rmSync(folder, { recursive: true });
else console.log(`Their folders: ${folder}`);
process.exitCode = failed === 0 ? 0 : 1;
