/**
 * `npm run recipe`: a run's settings as a folder that TRL or verl trains from.
 */
import { modelFolder } from '../export/modelFolder.ts';
import { recipeFolder, type RecipeTool } from '../export/recipe/recipe.ts';
import { initialiseTensors } from '../policy/initialise.ts';
import { Random } from '../random/random.ts';
import { createNodeSandbox } from '../sandbox/nodeSandbox.ts';
import type { NamedTensors } from '../policy/config.ts';
import { runPolicy } from '../train/runPolicy.ts';
import { trainingData } from '../train/trainingData.ts';
import { readBase } from './baseWeights.ts';
import { needed, runCommand, wordOptions } from './command.ts';
import { UsageError } from './options.ts';
import { coldStartWeights, readRunSource } from './runSource.ts';
import { checkFolder, writeFolder } from './writeFolder.ts';

const usage = `npm run recipe -- --to trl --run runs/a --out folder

  --to    trl or verl
  --run   a run's folder, or a run.json (also gzipped)
  --base  where the base policy lies that the run began from, a file or a folder (default public/bases, then runs/bases)
  --out   the folder to write: configs, data, tool, parser and reward, both stages and the filter between them`;

await runCommand(usage, async (words) => {
  const values = wordOptions(words, ['to', 'run', 'base', 'out']);
  const tool = toolOf(needed(values, 'to'));
  const out = needed(values, 'out');
  checkFolder(out, null);
  const found = await readRunSource(needed(values, 'run'));
  for (const sentence of found.damaged) console.error(sentence);
  const { run } = found;
  const { settings } = run;
  const folder = (tensors: NamedTensors, place: string) =>
    modelFolder({ config: runPolicy(settings.policy), tensors, settings, run: null, place });
  const start =
    readBase(settings, values.base ?? null)?.tensors ??
    initialiseTensors(runPolicy(settings.policy), new Random(settings.run.seed).fork('weights'));
  const coldStart = coldStartWeights(found);
  const sandbox = await createNodeSandbox({ settings: settings.sandbox });
  try {
    const data = await trainingData(settings, sandbox, new Map(found.checkpoint?.position.solved));
    const files = recipeFolder(tool, {
      settings,
      data,
      base: folder(start, 'the start of the run'),
      coldStart: coldStart === null ? null : folder(coldStart, 'the end of the cold start'),
    });
    writeFolder(out, files);
    console.log(`${out}: ${files.size} files; README.md says how to run them.`);
  } finally {
    sandbox.dispose();
  }
});

function toolOf(word: string): RecipeTool {
  if (word === 'trl' || word === 'verl') return word;
  throw new UsageError(`--to takes trl or verl, not “${word}”.`);
}
