/**
 * `npm run soak -- --steps 2000`: thousands of GRPO steps in one go on our engine for processors, with Python, as `npm run train` does them. Memory must be flat
 * after the warm-up, and a step must cost what it cost in the beginning.
 *
 * The learning rate is the least that there is: a policy that stays as it is writes as much at the end as at the beginning, so that a
 * step's cost can be compared at all. Cost is processor time, as the machine may be busy with something else. What is measured is kept by the
 * run's record as in the product (`--sums` reckons without Python, for the engine and the recipe alone); its curves grow by a few hundred bytes a step, and are in the heap's allowance.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createSimdEngine } from '../../engine/simd/simdEngine.ts';
import { policyConfig } from '../../policy/config.ts';
import { presetSettings } from '../../recipes/presets.ts';
import { createNodeSandbox } from '../../sandbox/nodeSandbox.ts';
import { vocabularySize } from '../../tasks/vocabulary.ts';
import { runRecipe } from '../../train/run.ts';
import { ArithmeticSandbox } from '../../train/testing/arithmeticSandbox.ts';
import type { RunSettings } from '../../train/settings.ts';
import { Recording } from '../recording.ts';

/** Steps that do not count: engines and Python reach their size, and the language its optimised code. */
const warmUp = 0.1;
/** Growth between the first and the last quarter that passes, of what is larger. */
const most = { share: 0.05, megabytes: 8, time: 0.1 } as const;
const samples = 100;

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '2000' },
    threads: { type: 'string', default: '1' },
    sums: { type: 'boolean', default: false },
  },
});
const steps = Number(values.steps);

const micro = presetSettings('micro');
const settings: RunSettings = {
  ...micro,
  run: { ...micro.run, backend: 'simd' },
  sft: { ...micro.sft, epochs: 4, probes: 1 },
  grpo: { ...micro.grpo, learningRate: 1e-7, warmupSteps: 0 },
  stage1: { ...micro.stage1, steps },
  stage2: { ...micro.stage2, steps: 0 },
  evaluation: { ...micro.evaluation, problems: 1, afterColdStart: false },
};

interface Sample {
  readonly step: number;
  /** Processor time of all threads since the last sample, ms a step. */
  readonly ms: number;
  readonly tokens: number;
  readonly megabytes: Readonly<Record<'process' | 'committed' | 'heap' | 'buffers' | 'Python', number>>;
}

const taken: Sample[] = [];
const every = Math.max(1, Math.floor(steps / samples));
const engine = await createSimdEngine({
  config: policyConfig(settings.policy.preset, vocabularySize),
  threads: Number(values.threads),
});
const sandbox = values.sums
  ? new ArithmeticSandbox()
  : await createNodeSandbox({ settings: settings.sandbox });
const recording = Recording.begin(settings);
const began = performance.now();
let cpu = process.cpuUsage();
let tokens = 0;
let last = 0;
for await (const tick of runRecipe({ engine, sandbox, settings })) {
  tokens += tick.tokens;
  for (const event of tick.events) {
    recording.add(event, 0);
    if (event.type !== 'round' || event.phase !== 'stage1' || event.step % every !== 0) continue;
    const spent = process.cpuUsage(cpu);
    const done = event.step - last;
    // It remembers what was asked, for tests.
    if (sandbox instanceof ArithmeticSandbox) [sandbox.batches.length, sandbox.released.length] = [0, 0];
    globalThis.gc?.();
    const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
    const megabytes = {
      process: rss / 2 ** 20,
      committed: heapTotal / 2 ** 20,
      heap: heapUsed / 2 ** 20,
      buffers: external / 2 ** 20,
      Python: pythonMegabytes(),
    };
    taken.push({
      step: event.step,
      ms: (spent.user + spent.system) / 1000 / done,
      tokens: tokens / done,
      megabytes,
    });
    if (taken.length % 10 === 0) console.log(line(taken.at(-1)));
    [last, tokens, cpu] = [event.step, 0, process.cpuUsage()];
  }
}
sandbox.dispose();
engine.dispose();

/** Of Python's processes together, where the system tells it. */
function pythonMegabytes(): number {
  try {
    const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ');
    return children.filter(Boolean).reduce((sum, child) => {
      const status = readFileSync(`/proc/${child}/status`, 'utf8');
      return sum + Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
    }, 0);
  } catch {
    return NaN;
  }
}

function line(sample: Sample | undefined): string {
  if (sample === undefined) return '';
  const { step, ms, tokens: each, megabytes } = sample;
  const memory = Object.entries(megabytes).map(([name, value]) => `${name} ${value.toFixed(1)} MB`);
  return `step ${step}: ${ms.toFixed(1)} ms of processor time and ${each.toFixed(0)} tokens a step; ${memory.join(', ')}`;
}

const median = (numbers: readonly number[]) =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;

const counted = taken.slice(Math.ceil(taken.length * warmUp));
const quarter = Math.max(1, Math.floor(counted.length / 4));
const [first, end] = [counted.slice(0, quarter), counted.slice(-quarter)];
const problems: string[] = [];
const compare = (
  name: string,
  value: (sample: Sample) => number,
  allowed: (before: number) => number,
  typical = median,
) => {
  const [before, after] = [typical(first.map(value)), typical(end.map(value))];
  console.log(`${name}: ${before.toFixed(2)} -> ${after.toFixed(2)}`);
  if (!(after <= allowed(before))) problems.push(name);
};
const memory = (before: number) => before + Math.max(most.megabytes, most.share * before);
compare('process, MB', ({ megabytes }) => megabytes.process, memory);
compare('heap, MB', ({ megabytes }) => megabytes.heap, memory);
compare('buffers, MB', ({ megabytes }) => megabytes.buffers, memory);
if (!Number.isNaN(taken[0]?.megabytes.Python))
  compare('Python, MB', ({ megabytes }) => megabytes.Python, memory);
// A token costs the same: how many a step has is chance. What a busy machine adds is no part of it, and every quarter has quiet moments.
compare(
  'processor time of 1,000 tokens, ms',
  ({ ms, tokens: each }) => (1000 * ms) / each,
  (before) => before * (1 + most.time),
  (costs) => Math.min(...costs),
);
console.log(
  `${steps} steps in ${((performance.now() - began) / 1000).toFixed(0)} s: ${problems.length === 0 ? 'flat' : `${problems.join(', ')} grew`}.`,
);
process.exit(problems.length === 0 ? 0 : 1);
