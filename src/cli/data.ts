/**
 * `npm run data`: what a run reads and what its policy writes, as files that others train on.
 */
import { rolloutDataset, datasetFiles, trainingDatasets } from '../export/datasets.ts';
import { Random } from '../random/random.ts';
import { createNodeSandbox } from '../sandbox/nodeSandbox.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { benchmarkProblems } from '../tasks/problems.ts';
import { stageLengths } from '../train/context.ts';
import type { ScoredTrajectory } from '../train/events.ts';
import { itemAt } from '../train/lists.ts';
import { drain } from '../train/ticks.ts';
import { trainingData } from '../train/trainingData.ts';
import { answerOnce } from '../train/unlearned.ts';
import { needed, runCommand, wordOptions } from './command.ts';
import { createHeadlessEngine } from './engine.ts';
import { countOption } from './options.ts';
import { readRunSource, weightsOf, type FoundRun } from './runSource.ts';
import { checkFolder, writeFolder } from './writeFolder.ts';

const usage = `npm run data -- --run runs/a --out data

  --run       a run's folder, or a run.json (also gzipped)
  --out       the folder to write: trl/ and verl/ (cold start, prompts of both stages, held-out problems), tokens/ (curated, rollouts),
              each as .jsonl and .parquet
  --rollouts  sample so many held-out problems once with the run's policy as well: tokens/policy (needs the weights)

Every call of the teacher is run again in Python, so this takes as long as the run's first phases. Stage 2's prompts are those that the
run's own filter left, where its checkpoints say how stage 1 went.`;

await runCommand(usage, async (words) => {
  const values = wordOptions(words, ['run', 'out', 'rollouts']);
  const out = needed(values, 'out');
  checkFolder(out, ['trl', 'verl', 'tokens']);
  const found = await readRunSource(needed(values, 'run'));
  for (const sentence of found.damaged) console.error(sentence);
  const count = values.rollouts === undefined ? 0 : countOption('rollouts', values.rollouts);
  const { settings, view } = found.run;
  const sandbox = await createNodeSandbox({ settings: settings.sandbox });
  try {
    const data = await trainingData(settings, sandbox, new Map(found.checkpoint?.position.solved));
    const datasets = [
      ...trainingDatasets(data),
      rolloutDataset('tokens/rollouts', view.rounds),
      ...(count === 0
        ? []
        : [
            rolloutDataset('tokens/policy', [
              { phase: 'evaluation', round: 0, trajectories: await policyRollouts(found, count, sandbox) },
            ]),
          ]),
    ];
    writeFolder(out, datasetFiles(datasets));
    for (const { path, rows } of datasets)
      console.log(rows.length === 0 ? `${path}: the run has none` : `${out}/${path}: ${rows.length} rows`);
    if (found.checkpoint === null)
      console.log('No checkpoint says how stage 1 went, so stage 2’s prompts are unfiltered.');
  } finally {
    sandbox.dispose();
  }
});

/** Held-out problems, each answered once as in training: temperature of the rollouts, stage 2's context. */
async function policyRollouts(
  found: FoundRun,
  count: number,
  sandbox: Sandbox,
): Promise<readonly ScoredTrajectory[]> {
  const { settings } = found.run;
  const { run, task, stage2 } = settings;
  const problems = benchmarkProblems(task, stageLengths(stage2), 'inRange', run.seed, count);
  const { tensors } = weightsOf(found, null);
  const { engine } = await createHeadlessEngine(settings, null, () => undefined);
  try {
    await engine.loadTensors(tensors);
    const trajectories = await drain(
      answerOnce(
        { engine, sandbox, settings },
        {
          problems,
          firstTrajectory: 1_000_000,
          seed: new Random(run.seed).fork('exported rollouts').uint32(),
          contextTokens: stage2.context,
        },
      ),
    );
    // As the trainer sees them, at temperature 1: what another tool's forward pass should give.
    const seen = await engine.logProbs(trajectories, 1);
    return trajectories.map((trajectory) => {
      const { logProbs } = itemAt(seen, trajectory.prompt);
      return {
        ...trajectory,
        logProbs: logProbs.map((value, i) => (trajectory.lossMask[i] === 1 ? value : 0)),
      };
    });
  } finally {
    engine.dispose();
  }
}
