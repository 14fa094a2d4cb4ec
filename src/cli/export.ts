/**
 * `npm run export`: a run's policy as a folder that Hugging Face's tools open.
 */
import { modelFolder } from '../export/modelFolder.ts';
import { runPolicy } from '../train/runPolicy.ts';
import { needed, runCommand, wordOptions } from './command.ts';
import { numberOption } from './options.ts';
import { readRunSource, weightsOf } from './runSource.ts';
import { checkFolder, writeFolder } from './writeFolder.ts';

const usage = `npm run export -- --run runs/a --out model

  --run    a run's folder, or a run.json (also gzipped) with weights kept beside it
  --round  the weights of that round, where the run kept them (default: the newest there are)
  --out    the folder to write: config.json, model.safetensors, tokenizer, chat template, model card`;

await runCommand(usage, async (words) => {
  const values = wordOptions(words, ['run', 'round', 'out']);
  const out = needed(values, 'out');
  checkFolder(out, null);
  const found = await readRunSource(needed(values, 'run'));
  for (const sentence of found.damaged) console.error(sentence);
  const round =
    values.round === undefined
      ? null
      : numberOption(
          'round',
          values.round,
          'a whole number, 0 or more',
          (n) => Number.isInteger(n) && n >= 0,
        );
  const { tensors, place } = weightsOf(found, round);
  const { run } = found;
  const { settings } = run;
  writeFolder(out, modelFolder({ config: runPolicy(settings.policy), tensors, settings, run, place }));
  console.log(`${out}: the policy of ${place}; AutoModelForCausalLM.from_pretrained("${out}") opens it.`);
});
