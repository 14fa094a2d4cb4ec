/**
 * Every setting of a run, in one schema: defaults, bounds, labels and the sentences people read.
 *
 * Invariant: this schema is the only place where a setting exists. The form, the URL, the exported file and the trainer
 * all read it; a value that does not parse here reaches none of them. Defaults are the paper's (ASTER, arXiv 2602.01204,
 * and its public reproduction) where the paper has the setting; elsewhere they are what a prototype
 * of the `mini` policy learned with.
 * `preset` values that differ from these defaults live in `src/recipes/presets.ts`.
 */
import { z } from 'zod';
import { baseNames } from '../policy/baseNames.ts';
import { policyPresetNames } from '../policy/config.ts';
import { shapePattern } from '../policy/shape.ts';
import { firstLetters } from '../tasks/chain.ts';
import { familyNames } from '../tasks/families.ts';

const whole = (low: number, high: number, initial: number) => z.int().min(low).max(high).default(initial);
const real = (low: number, high: number, initial: number) => z.number().min(low).max(high).default(initial);
const share = (initial: number) => real(0, 1, initial);

/** `title` is the control's label, `description` its sentence, `unit` what stands behind the number. */
type SettingText = {
  readonly title: string;
  readonly description: string;
  readonly unit?: string;
};
const text = (title: string, description: string, unit?: string): SettingText =>
  unit === undefined ? { title, description } : { title, description, unit };

const run = z
  .object({
    seed: whole(0, 2 ** 31 - 1, 1).meta(
      text(
        'Seed',
        'Names every random choice of the run; the same seed on the same device gives the same run.',
      ),
    ),
    backend: z
      .enum(['auto', 'wgsl', 'simd', 'webgpu', 'wasm', 'webgl', 'cpu'])
      .default('auto')
      .meta(
        text(
          'Engine',
          'auto: the fastest that runs here. wgsl: our own kernels on the graphics card, by WebGPU; simd: our own kernels on the processor, by WebAssembly. webgpu, wasm, webgl, cpu: TensorFlow.js on that backend, much slower.',
        ),
      ),
  })
  .meta(text('Run', 'What makes this run this run.'));

const policy = z
  .object({
    preset: z
      .enum(policyPresetNames)
      .default('mini')
      .meta(
        text(
          'Policy size',
          'A Qwen3-style decoder: micro 0.02M parameters, mini 0.1M, nano 0.35M, small 2M, base 9M.',
        ),
      ),
    base: z
      .enum(['scratch', ...baseNames])
      .default('scratch')
      .meta(
        text(
          'Begins from',
          'A base policy that has already learned to work problems out in its head, or scratch: freshly drawn weights, which have everything to learn. A base has a size of its own.',
        ),
      ),
    shape: z
      .string()
      .regex(
        shapePattern,
        'Leave it empty, or write a shape like d64-l2-h4x16-kv4-f160-theta10000-eps0.000001-untied.',
      )
      .default('')
      .meta(
        text(
          'Shape of its own',
          'Empty: the shape of the policy size. Weights from elsewhere bring theirs: width d, layers l, heads h of a size, key/value heads kv, feed-forward f, rotary base theta, epsilon eps, head tied to the embedding or untied.',
        ),
      ),
  })
  .meta(text('Policy', 'The language model that learns.'));

const task = z
  .object({
    family: z
      .enum(familyNames)
      .default('chain')
      .meta(
        text(
          'Problem family',
          'chain: a start value and lettered operations; recurrence: the same rule again and again; horner: digits read in a base. Each step needs the one before.',
        ),
      ),
    valueMax: whole(9, 299, 49).meta(
      text(
        'Largest value',
        'No value of a problem exceeds this. Up to 49 a small policy can learn to work steps out without the tool; with larger values it hardly can.',
      ),
    ),
    operations: z
      .string()
      .regex(/^(?!.*(.).*\1)[-+*/%]+$/, 'Use each of + - * / % at most once.')
      .default('+-*/%')
      .meta(text('Operations', 'Which operations a chain may use; / is Python’s whole division, //.')),
    firstLetter: z
      .enum(firstLetters)
      .default('any')
      .meta(
        text(
          'First letter',
          'any: a chain’s step letters begin anywhere in the alphabet, so that the policy learns names and not places; a: always there, which is easier to learn from scratch.',
        ),
      ),
    coldStartMinLength: whole(1, 16, 4).meta(
      text('Shortest cold-start problem', 'Steps of the shortest problem the teacher solves.', 'steps'),
    ),
    coldStartMaxLength: whole(1, 16, 8).meta(
      text(
        'Longest cold-start problem',
        'Should be at least as long as stage 2’s longest problem: the policy reads step letters badly that its cold start never showed.',
        'steps',
      ),
    ),
    trainProblems: whole(8, 100_000, 1024).meta(
      text(
        'Training prompts',
        'Size of the pool of prompts that reinforcement learning draws from.',
        'prompts',
      ),
    ),
  })
  .meta(text('Task', 'What the policy is asked.'));

const teacher = z
  .object({
    trajectories: whole(16, 100_000, 7000).meta(
      text('Pool size', 'Trajectories the scripted expert writes before curation.', 'trajectories'),
    ),
    denseWeight: real(0, 100, 8).meta(
      text(
        'Dense share',
        'How often, relative to the other shares, the expert takes every step by a tool call.',
      ),
    ),
    sparseWeight: real(0, 100, 1).meta(
      text(
        'Sparse share',
        'How often, relative to the other shares, it works everything out in its head and checks afterwards.',
      ),
    ),
    naturalWeight: real(0, 100, 1).meta(
      text(
        'Natural share',
        'How often, relative to the other shares, it mixes both, from no call to one at every step.',
      ),
    ),
    selectiveWeight: real(0, 100, 0).meta(
      text(
        'Selective share',
        'How often, relative to the other shares, it calls the tool only where a step is hard.',
      ),
    ),
    denseShares: z
      .string()
      .regex(
        /^(0|1|0?\.\d{1,3})(,(0|1|0?\.\d{1,3}))*$/,
        'Write shares from 0 to 1 with commas, e.g. 0.6,0.75,0.9.',
      )
      .default('1')
      .meta(
        text(
          'Steps by tool, dense',
          'Shares of the steps that the dense style takes by tool, one drawn for each trajectory; the rest is worked out in the head. 1 takes every step by tool and leaves nothing to choose.',
        ),
      ),
    checksMin: whole(0, 8, 0).meta(
      text('Fewest post-hoc checks', 'Checks after the last step, in the sparse style.', 'calls'),
    ),
    checksMax: whole(0, 8, 3).meta(
      text('Most post-hoc checks', 'Checks after the last step, in the sparse style.', 'calls'),
    ),
    checkKind: z
      .enum(['step', 'answer'])
      .default('step')
      .meta(
        text(
          'Kind of check',
          'step: compute one of the last steps again by tool; answer: only print the answer again, which can never correct anything.',
        ),
      ),
    slipRate: share(0.01).meta(
      text(
        'Slips',
        'Chance that a step in the head goes wrong; curation drops trajectories with a wrong answer.',
      ),
    ),
    badCallRate: share(0.01).meta(
      text(
        'Bad calls',
        'Chance that a call fails and is sent again; curation drops trajectories with a failed call.',
      ),
    ),
  })
  .meta(
    text(
      'Teacher',
      'A scripted expert that solves the problems with as many tool calls as you ask for; every call is really run.',
    ),
  );

const curation = z
  .object({
    sparseMax: whole(0, 50, 2).meta(
      text('Sparse up to', 'Trajectories with 1 to this many calls are sparse.', 'calls'),
    ),
    denseMin: whole(1, 50, 4).meta(
      text(
        'Dense from',
        'Trajectories with at least this many calls are dense (nine in the paper, and on `nano`; `mini` has shorter chains).',
        'calls',
      ),
    ),
    bin: z
      .enum(['all', 'sparse', 'medium', 'dense', 'belowDense'])
      .default('dense')
      .meta(
        text(
          'Bin kept',
          'Which density the cold start is made of (belowDense: sparse and medium). This is the ingredient ASTER is about.',
        ),
      ),
    keepZero: z
      .boolean()
      .default(false)
      .meta(text('Keep trajectories without calls', 'Count trajectories with no call at all as sparse.')),
    size: whole(1, 100_000, 4000).meta(
      text('Curated size', 'At most this many trajectories are kept (4,000 in the paper).', 'trajectories'),
    ),
  })
  .meta(text('Curation', 'Correct answer, every call succeeded, then interaction density.'));

const sandbox = z
  .object({
    deadlineMs: whole(20, 10_000, 250).meta(
      text('Deadline of a call', 'A cell that runs longer is stopped and counted as a timeout.', 'ms'),
    ),
    maxCodeLength: whole(4, 400, 24).meta(
      text(
        'Longest code',
        'A call with more characters is refused, so that no single call does the whole chain.',
        'characters',
      ),
    ),
    maxOutputLength: whole(1, 400, 8).meta(
      text('Longest output', 'Printed output is cut to this many characters.', 'characters'),
    ),
  })
  .meta(text('Sandbox', 'Python (Pyodide) in a worker, one namespace per trajectory.'));

const optimizer = z
  .object({
    beta1: real(0, 0.9999, 0.9).meta(text('Beta 1', "AdamW's decay of the gradient's mean.")),
    beta2: real(0, 0.9999, 0.95).meta(text('Beta 2', "AdamW's decay of the gradient's square.")),
    epsilon: real(1e-12, 1e-2, 1e-8).meta(text('Epsilon', 'Added to the root of the second moment.')),
    maxGradNorm: real(0.01, 1000, 1).meta(
      text('Gradient clip', 'The global gradient norm is clipped to this.'),
    ),
  })
  .meta(text('Optimizer', 'AdamW; decay on matrices only.'));

const sft = z
  .object({
    epochs: real(0, 100, 14).meta(
      text(
        'Epochs',
        'Passes over the curated set. The policy learns late, and then suddenly, to copy the next operation into a call, so too few leave it unable to.',
      ),
    ),
    batchSize: whole(1, 1024, 32).meta(text('Batch', 'Trajectories in an optimizer step.', 'trajectories')),
    learningRate: real(1e-6, 0.1, 4e-3).meta(
      text('Learning rate', 'Peak; linear warm-up, then a cosine down to the final share.'),
    ),
    warmupSteps: whole(0, 10_000, 50).meta(text('Warm-up', 'Steps of linear warm-up.', 'steps')),
    finalRatio: share(0.1).meta(text('Final rate', 'The cosine ends at this share of the peak.')),
    weightDecay: real(0, 1, 0.01).meta(text('Weight decay', 'Decoupled, on matrices only.')),
    probes: whole(0, 50, 8).meta(
      text(
        'Probes',
        'How often the policy is sampled during the cold start, to plot its tool calls.',
        'times',
      ),
    ),
  })
  .meta(
    text(
      'Cold start (SFT)',
      'Supervised fine-tuning on the curated trajectories; prompt and tool output are masked out of the loss.',
    ),
  );

const grpo = z
  .object({
    groupSize: whole(2, 64, 8).meta(
      text('Group size G', 'Samples of one prompt; the advantage is normalised inside the group.', 'samples'),
    ),
    promptsPerStep: whole(1, 1024, 64).meta(
      text(
        'Prompts a step',
        'Prompts in one rollout batch; with too few, an update follows chance more than the reward.',
        'prompts',
      ),
    ),
    miniBatches: whole(1, 16, 2).meta(
      text(
        'Mini-batches',
        'A rollout batch is split by its prompts into this many optimizer steps, as evenly as it goes.',
      ),
    ),
    learningRate: real(1e-7, 0.1, 3e-4).meta(
      text('Learning rate', 'Reached after warm-up; each stage says where it ends.'),
    ),
    warmupSteps: whole(0, 1000, 5).meta(
      text('Warm-up', 'GRPO steps of linear warm-up, in each stage.', 'steps'),
    ),
    weightDecay: real(0, 1, 0).meta(text('Weight decay', 'Decoupled, on matrices only.')),
    clipLow: real(0, 1, 0.2).meta(text('Clip low', 'The ratio is clipped below at 1 minus this.')),
    clipHigh: real(0, 10, 0.28).meta(
      text('Clip high', 'The ratio is clipped above at 1 plus this (Clip-Higher).'),
    ),
    dualClip: real(1, 1000, 10).meta(
      text(
        'Dual clip',
        'Bounds the loss of a token with a negative advantage at this many times the advantage.',
      ),
    ),
    tisCap: real(0.1, 100, 2).meta(
      text(
        'TIS cap',
        'Truncated importance sampling: the ratio of the trainer’s to the sampler’s probability is cut to this.',
      ),
    ),
    klCoefficient: real(0, 10, 0).meta(
      text(
        'KL coefficient',
        'Weight of the penalty for moving away from the cold-start policy (KL divergence, k3 estimate); 0 in the paper.',
      ),
    ),
    entropyCoefficient: real(-1, 1, 0).meta(
      text('Entropy bonus', 'Weight of the entropy of the policy in its objective; 0 in the paper.'),
    ),
    normaliseByStd: z
      .boolean()
      .default(true)
      .meta(
        text(
          'Divide by the standard deviation',
          'Advantages are (r - mean) / std in the group; off: r - mean.',
        ),
      ),
    callBonus: real(0, 1, 0).meta(
      text(
        'Bonus for calling',
        'Added to the reward of a trajectory that makes at least one call; 0 in the paper.',
      ),
    ),
    voidTurnFilter: z
      .boolean()
      .default(false)
      .meta(
        text(
          'Void-turn filter',
          'Leave a trajectory out of the update whose last turn ended with neither a call nor an answer, as SimpleTIR does.',
        ),
      ),
    temperature: real(0.05, 5, 1).meta(
      text('Temperature', 'Sampling temperature of the rollouts; old log-probabilities are taken at it.'),
    ),
    callBudget: whole(0, 200, 50).meta(
      text('Tool-call budget', 'A trajectory that asks for one call more is cut (50 in the paper).', 'calls'),
    ),
  })
  .meta(
    text(
      'GRPO',
      'Group relative policy optimisation with the outcome as the reward: 1 if the answer is right, else 0.',
    ),
  );

const probe = z
  .object({
    problems: whole(0, 32, 8).meta(
      text(
        'Problems of the probe',
        'So many held-out problems are answered once after the cold start and after every step of reinforcement learning, to watch the answer to one problem change. 0: off. It teaches nothing and changes nothing else.',
        'problems',
      ),
    ),
  })
  .meta(text('Probe', 'The same few problems, asked again after every round.'));

const stageFields = (steps: number, minLength: number, maxLength: number, context: number) => ({
  steps: whole(0, 10_000, steps).meta(text('Steps', 'Rollout batches in this stage.', 'steps')),
  minLength: whole(1, 16, minLength).meta(
    text('Shortest problem', 'Steps of the shortest problem.', 'steps'),
  ),
  maxLength: whole(1, 16, maxLength).meta(text('Longest problem', 'Steps of the longest problem.', 'steps')),
  context: whole(24, 2048, context).meta(
    text('Context', 'Longest trajectory, prompt and tool output included.', 'tokens'),
  ),
  finalRatio: real(0, 1, 1).meta(
    text(
      'Final ratio',
      'Cosine decay ends at this share of the learning rate; 1 keeps it constant, as in the paper.',
    ),
  ),
});

const stage1 = z
  .object(stageFields(60, 4, 6, 112))
  .meta(text('GRPO stage 1', 'A short context, in which long thought is cut off.'));

const stage2 = z
  .object({
    ...stageFields(40, 5, 8, 200),
    // With a half of the default's lengths above stage 1's, this draws stage 2's lengths as the benchmarks do: each alike.
    longShare: share(0.5).meta(
      text(
        'Share of longer prompts',
        'Share of the prompts that are longer than any of stage 1, whatever the cold start; the rest are those that stage 1 did not always solve, filled up with fresh ones of its lengths.',
      ),
    ),
  })
  .meta(
    text(
      'GRPO stage 2',
      'About 1.8 times the context, a share of longer problems, always-solved prompts dropped.',
    ),
  );

const evaluation = z
  .object({
    problems: whole(1, 1000, 64).meta(text('Problems', 'Held-out problems in each benchmark.', 'problems')),
    samples: whole(1, 64, 4).meta(
      text('Samples k', 'Samples of each problem, for mean@k and pass@k (16 in the paper).', 'samples'),
    ),
    temperature: real(0, 5, 0.6).meta(text('Temperature', 'Sampling temperature of the evaluation.')),
    topP: real(0.01, 1, 0.95).meta(
      text('Top-p', 'The evaluation samples from the likeliest tokens that together have this probability.'),
    ),
    alsoAsTrained: z
      .boolean()
      .default(false)
      .meta(
        text(
          'Also as trained',
          'Evaluate at the temperature of the rollouts as well: what reinforcement learning raises is seen there, and a low temperature hides it.',
        ),
      ),
    benchmarks: z
      .enum(['all', 'inRange'])
      .default('all')
      .meta(
        text(
          'Benchmarks',
          'all: same range, longer chains, harder operations; inRange: only the first, in less time.',
        ),
      ),
    shortContext: whole(24, 2048, 112).meta(
      text('Short budget: context', 'The smaller inference budget.', 'tokens'),
    ),
    shortCalls: whole(0, 200, 50).meta(
      text('Short budget: calls', 'Tool calls allowed under the smaller budget.', 'calls'),
    ),
    longContext: whole(24, 2048, 200).meta(
      text('Long budget: context', 'The larger inference budget.', 'tokens'),
    ),
    longCalls: whole(0, 200, 50).meta(
      text('Long budget: calls', 'Tool calls allowed under the larger budget.', 'calls'),
    ),
    afterColdStart: z
      .boolean()
      .default(true)
      .meta(
        text(
          'Evaluate after the cold start',
          'Also evaluate before reinforcement learning, to see what it changed.',
        ),
      ),
  })
  .meta(
    text(
      'Evaluation',
      'Three held-out benchmarks (same range, longer chains, harder operations) under two inference budgets.',
    ),
  );

const collapse = z
  .object({
    share: share(0.3).meta(
      text(
        'Alarm share',
        'The alarm watches for the moving average below this share of its value after the cold start.',
      ),
    ),
    calls: real(0, 50, 2).meta(
      text(
        'Alarm calls',
        '… or below this many calls, if the cold start made at least twice as many.',
        'calls',
      ),
    ),
    patience: whole(1, 100, 10).meta(text('Alarm patience', '… for this many steps in a row.', 'steps')),
    sample: whole(1, 100_000, 256).meta(
      text(
        'Reference sample',
        'The value after the cold start is the mean over the first steps that together hold this many trajectories.',
        'trajectories',
      ),
    ),
  })
  .meta(text('Collapse alarm', 'When a run counts as collapsed.'));

export const runSettingsSchema = z
  .object({
    run: run.prefault({}),
    policy: policy.prefault({}),
    task: task.prefault({}),
    teacher: teacher.prefault({}),
    curation: curation.prefault({}),
    sandbox: sandbox.prefault({}),
    optimizer: optimizer.prefault({}),
    sft: sft.prefault({}),
    grpo: grpo.prefault({}),
    stage1: stage1.prefault({}),
    stage2: stage2.prefault({}),
    probe: probe.prefault({}),
    evaluation: evaluation.prefault({}),
    collapse: collapse.prefault({}),
  })
  .meta(text('Settings', 'Everything that defines a run.'));

export type RunSettings = z.output<typeof runSettingsSchema>;

export const defaultSettings: RunSettings = runSettingsSchema.parse({});

const beforeLetters = z.looseObject({ task: z.looseObject({ firstLetter: z.undefined().optional() }) });

/**
 * Settings of a file from before `task.firstLetter` existed, as today's schema should read them: chains began at `a` then. Anything
 * else comes back as it was.
 */
export function withOlderLetters(settings: unknown): unknown {
  const parsed = beforeLetters.safeParse(settings);
  if (!parsed.success) return settings;
  return { ...parsed.data, task: { ...parsed.data.task, firstLetter: 'a' } };
}

/** The longest sequence that any phase of the run can make, tokens. */
export function longestContext({ stage1, stage2, evaluation }: RunSettings): number {
  return Math.max(stage1.context, stage2.context, evaluation.shortContext, evaluation.longContext);
}
