/**
 * A policy as the folder that Hugging Face's tools open: `AutoModelForCausalLM`, `AutoTokenizer` and `pipeline` need nothing else.
 *
 * Invariants (modelFolder.test.ts; `npm run test:python` opens it). (1) `model.safetensors` holds the weights and nothing else, float32 bit
 * for bit. (2) `readModel` gives the same weights back.
 */
import { huggingFaceConfig, checkTensors } from '../policy/checkpoint.ts';
import { parameterCount, type NamedTensors, type PolicyConfig } from '../policy/config.ts';
import { writeSafetensors, type WrittenTensor } from '../policy/safetensors.ts';
import type { RecordedRun } from '../record/recordedRun.ts';
import { trainProblem } from '../tasks/problems.ts';
import { checkpointContext } from '../train/checkpointFile.ts';
import { longestContext, type RunSettings } from '../train/settings.ts';
import { curvesSvg } from './curves.ts';
import { modelCard } from './modelCard.ts';
import { chatTemplate, generationConfig, tokenizerConfig, tokenizerJson } from './tokenizerFiles.ts';

export interface ModelSource {
  readonly config: PolicyConfig;
  readonly tensors: NamedTensors;
  readonly settings: RunSettings;
  /** The run that the weights come from, for the card. */
  readonly run: RecordedRun | null;
  /** Where in the run they are from, in words. */
  readonly place: string;
}

/** A folder's files by name. */
export type FolderFiles = ReadonlyMap<string, Uint8Array>;

export function modelFolder({ config, tensors, settings, run, place }: ModelSource): FolderFiles {
  const context = longestContext(settings);
  const stored = new Map<string, WrittenTensor>();
  for (const [name, { shape, data }] of checkTensors(config, tensors))
    stored.set(name, { dtype: 'F32', shape, data });
  const lengths = { min: settings.stage1.minLength, max: settings.stage1.maxLength };
  const example = trainProblem(settings.task, lengths, 'card', settings.run.seed, 0);
  const card = modelCard({ settings, run, place, parameters: parameterCount(config), context, example });
  const files: (readonly [string, string | Uint8Array])[] = [
    ['config.json', json(huggingFaceConfig(config, checkpointContext(settings)))],
    ['model.safetensors', writeSafetensors({ tensors: stored, metadata: {} })],
    ['tokenizer.json', json(tokenizerJson())],
    ['tokenizer_config.json', json(tokenizerConfig(context))],
    ['chat_template.jinja', chatTemplate],
    ['generation_config.json', json(generationConfig(context, settings.grpo.temperature))],
    ['README.md', card],
  ];
  if (run !== null) files.push(['curves.svg', curvesSvg(run.series.rounds, stageMarks(run))]);
  return folderFiles(files);
}

/** Texts as bytes. */
export function folderFiles(files: Iterable<readonly [string, string | Uint8Array]>): FolderFiles {
  const encoder = new TextEncoder();
  return new Map(
    [...files].map(([name, contents]) => [
      name,
      typeof contents === 'string' ? encoder.encode(contents) : contents,
    ]),
  );
}

export const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** Where the stages begin. */
function stageMarks({ view }: RecordedRun) {
  return view.phases
    .filter(({ name, status }) => (name === 'stage1' || name === 'stage2') && status !== 'waiting')
    .map(({ name, round }) => ({ x: round, text: name === 'stage1' ? 'stage 1' : 'stage 2' }));
}
