/**
 * `npm run witness:data`: what a run of these settings reads, in one JSON file for study/witness.py: the vocabulary, the cold start's
 * trajectories, the prompts of both stages and the held-out problems.
 *
 * It is the run's own data, made by the run's own code, with every call really run; nothing is learned here.
 */
import { writeFileSync } from 'node:fs';
import { createNodeSandbox } from '../sandbox/nodeSandbox.ts';
import type { Problem } from '../tasks/problem.ts';
import { trainProblem } from '../tasks/problems.ts';
import { promptTokens } from '../tasks/transcript.ts';
import { tokenIds, tokenTexts } from '../tasks/vocabulary.ts';
import { familiarLengths, longerLengths, stage2Mix } from '../train/promptLengths.ts';
import { runPolicy } from '../train/runPolicy.ts';
import type { RunSettings } from '../train/settings.ts';
import { trainingData } from '../train/trainingData.ts';
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
  const sandbox = await createNodeSandbox({ settings: settings.sandbox });
  try {
    const { curated, stage1, heldOut } = await trainingData(settings, sandbox, new Map());
    const mix = stage2Mix(settings);
    const { run, task } = settings;
    const fresh = (stream: string, lengths: ReturnType<typeof longerLengths>, count: number) =>
      lengths === null
        ? []
        : Array.from({ length: count }, (_, i) => prompt(trainProblem(task, lengths, stream, run.seed, i)));
    return {
      settings,
      config: runPolicy(settings.policy),
      vocabulary: tokenTexts,
      tokenIds,
      coldStart: curated.map(({ tokens, lossMask }) => ({ tokens: [...tokens], mask: [...lossMask] })),
      stage1: stage1.map(prompt),
      /** Stage 2 takes what stage 1 did not always solve, up to `familiar`, fills it up with these, and adds the longer ones. */
      stage2: {
        familiar: mix.familiar,
        fill: fresh('stage-2-familiar', familiarLengths(settings), mix.familiar),
        longer: fresh('stage-2', longerLengths(settings), mix.longer),
      },
      heldOut: heldOut.map(prompt),
    };
  } finally {
    sandbox.dispose();
  }
}

function prompt(problem: Problem) {
  return { tokens: [...promptTokens(problem)], answer: problem.answer, steps: problem.steps.length };
}
