/**
 * `npm run witness:data`: what a run of these settings reads, in one JSON file for study/witness.py: the vocabulary, the cold start's
 * trajectories, the prompts of both stages and the held-out problems.
 *
 * It is the run's own data, made by the run's own code, with every call really run; nothing is learned here.
 */
import { writeFileSync } from 'node:fs';
import { policyConfig } from '../policy/config.ts';
import { createNodeSandbox } from '../sandbox/nodeSandbox.ts';
import type { Problem } from '../tasks/problem.ts';
import { benchmarkProblems, trainProblem } from '../tasks/problems.ts';
import { promptTokens } from '../tasks/transcript.ts';
import { tokenIds, tokenTexts, vocabularySize } from '../tasks/vocabulary.ts';
import { RunContext, stageLengths } from '../train/context.ts';
import { curatePool, makeProblems, teach } from '../train/pool.ts';
import { familiarLengths, longerLengths, stage2Mix } from '../train/promptLengths.ts';
import type { RunSettings } from '../train/settings.ts';
import { createHeadlessEngine } from './engine.ts';
import { parseTrainOptions, UsageError } from './options.ts';

const usage = `npm run witness:data -- --preset quick-sparse --seed 11 --out runs/witness.json

  --preset, --arm, --seed, --set as for npm run train; --out is the file.`;

try {
  const options = parseTrainOptions(process.argv.slice(2));
  if (options === 'help') console.log(usage);
  else {
    const data = await witnessData(options.settings);
    writeFileSync(options.out, JSON.stringify(data));
    console.log(
      `${options.out}: ${data.coldStart.length} trajectories, ${data.heldOut.length} held-out problems.`,
    );
  }
  process.exit(0);
} catch (error) {
  console.error(error instanceof UsageError ? `${error.message}\n\n${usage}` : error);
  process.exit(1);
}

async function witnessData(settings: RunSettings) {
  const { engine } = await createHeadlessEngine(settings, 1, () => undefined);
  const sandbox = await createNodeSandbox({ settings: settings.sandbox });
  try {
    const context = new RunContext({ engine, sandbox, settings });
    const problems = await returned(makeProblems(context));
    const pool = await returned(teach(context, problems.coldStart));
    const curated = settings.sft.epochs === 0 ? [] : await returned(curatePool(context, pool));
    const mix = stage2Mix(settings);
    const { run, task, evaluation, stage2 } = settings;
    const fresh = (stream: string, lengths: ReturnType<typeof longerLengths>, count: number) =>
      lengths === null
        ? []
        : Array.from({ length: count }, (_, i) => prompt(trainProblem(task, lengths, stream, run.seed, i)));
    return {
      settings,
      config: policyConfig(settings.policy.preset, vocabularySize),
      vocabulary: tokenTexts,
      tokenIds,
      coldStart: curated.map(({ tokens, lossMask }) => ({ tokens: [...tokens], mask: [...lossMask] })),
      stage1: problems.stage1.map(prompt),
      /** Stage 2 takes what stage 1 did not always solve, up to `familiar`, fills it up with these, and adds the longer ones. */
      stage2: {
        familiar: mix.familiar,
        fill: fresh('stage-2-familiar', familiarLengths(settings), mix.familiar),
        longer: fresh('stage-2', longerLengths(settings), mix.longer),
      },
      heldOut: benchmarkProblems(task, stageLengths(stage2), 'inRange', run.seed, evaluation.problems).map(
        prompt,
      ),
    };
  } finally {
    sandbox.dispose();
    engine.dispose();
  }
}

function prompt(problem: Problem) {
  return { tokens: [...promptTokens(problem)], answer: problem.answer, steps: problem.steps.length };
}

/** What a stretch of work comes to, its ticks let go by. */
async function returned<T>(work: AsyncGenerator<unknown, T>): Promise<T> {
  for (;;) {
    const step = await work.next();
    if (step.done === true) return step.value;
  }
}
