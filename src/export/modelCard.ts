/**
 * The model card, README.md of a model folder: what it is, how to run it in ten lines, and where it comes from.
 */
import { metricDefinition } from '../metrics/registry.ts';
import type { RecordedRun } from '../record/recordedRun.ts';
import type { RunSettings } from '../train/settings.ts';
import { cardMetrics } from './curves.ts';

export interface CardSource {
  readonly settings: RunSettings;
  /** Of the run that the weights come from; null where nothing but the settings is known. */
  readonly run: RecordedRun | null;
  /** Where in the run the weights are from, e.g. “the end of stage 2, round 54”. */
  readonly place: string;
  readonly parameters: number;
  /** The longest sequence, tokens. */
  readonly context: number;
  /** A question to show, and its answer. */
  readonly example: { readonly question: string; readonly answer: string };
}

/** The tool loop as Python; `python/tool_loop.py` of the tests runs it word for word. */
export function toolLoop({
  settings,
  context,
  example,
}: Pick<CardSource, 'settings' | 'context' | 'example'>): string {
  const { maxCodeLength, maxOutputLength } = settings.sandbox;
  return `import re
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer, model = AutoTokenizer.from_pretrained("."), AutoModelForCausalLM.from_pretrained(".")

def python(code):  # the calls it has learned are sums; anything else is an error to it, as in the lab a cell that raises
    if len(code) > ${maxCodeLength} or not re.fullmatch(r"[-+*/%() 0-9]+", code) or "**" in code:
        return "E"
    try:
        return str(eval(code))[:${maxOutputLength}]
    except Exception:
        return "E"

def encode(text):
    return tokenizer(text, return_tensors="pt").input_ids

def solve(question, context=${context}):
    ids = encode(f"<|im_start|>{question}<think>")
    while ids.shape[1] < context and tokenizer.eos_token_id not in ids[0]:
        ids = model.generate(ids, attention_mask=torch.ones_like(ids), max_length=context)
        text = tokenizer.decode(ids[0])
        if text.endswith("</tool_call>"):  # a turn ends with a call or with the answer
            code = text.rsplit("<tool_call>", 1)[-1].removesuffix("</tool_call>")
            ids = torch.cat([ids, encode(f"<tool_response>{python(code)}</tool_response>")], dim=1)[:, :context]
    return tokenizer.decode(ids[0])

print(solve("${example.question}"))  # the answer is ${example.answer}
`;
}

export function modelCard(source: CardSource): string {
  const { settings, run, place, parameters, context } = source;
  return `---
license: mit
library_name: transformers
pipeline_tag: text-generation
tags: [qwen3, grpo, tool-use, aster-lab]
---

# A policy of ASTER Lab

A Qwen3 of ${parameters.toLocaleString('en')} parameters that works ${settings.task.family} problems out step by step and may call Python for a step. It was trained by the
recipe of ASTER ([arXiv 2602.01204](https://arxiv.org/abs/2602.01204)) in ASTER Lab: a cold start on a teacher's
trajectories, then GRPO with the right answer as the only reward. The weights are those of ${place}.

It knows 61 tokens (Qwen3's control tokens, then characters) and nothing but its problems. Letters it does not know are left out by the tokenizer.

## Use

\`\`\`python
${toolLoop(source)}\`\`\`

Sampling settings are in \`generation_config.json\`: temperature ${settings.grpo.temperature}, the whole distribution, as the rollouts were sampled. Its turn ends
with \`</tool_call>\` or \`<|im_end|>\`, so both are ends for \`generate\`. The longest sequence is ${context} tokens.

## Where it comes from

${provenance(source)}
${run === null ? '' : results(run)}
## Settings

\`\`\`json
${JSON.stringify(settings, null, 1)}
\`\`\`
`;
}

function provenance({ settings, run, place }: CardSource): string {
  const rows: readonly (readonly [string, string])[] = [
    ['weights', place],
    ...(run === null
      ? []
      : ([
          ['preset', run.presetName],
          [
            'began from',
            run.base === undefined
              ? settings.policy.base
              : `${run.base.name} (SHA-256 ${run.base.sha256 ?? 'unknown'})`,
          ],
          ['recorded', run.recordedAt],
          ['lab', `commit ${run.origin.commit ?? 'unknown'}, ${run.origin.userAgent}`],
          ['engine', run.engine === null ? 'unknown' : `${run.engine.engine} on ${run.engine.adapter}`],
          ['sandbox', run.sandbox ?? 'unknown'],
          ['time', `${Math.round(run.elapsedSeconds)} s`],
        ] as const)),
    ['seed', String(settings.run.seed)],
  ];
  return table(['', ''], rows);
}

function results(run: RecordedRun): string {
  const { benchmarks, collapse } = run.view;
  const alarm =
    collapse.alarm === null
      ? 'The collapse alarm did not go off.'
      : `The collapse alarm went off in round ${collapse.alarm.round}, at ${collapse.alarm.density.toFixed(2)} calls per trajectory.`;
  const held = benchmarks.map(
    ({ phase, benchmark, budget, temperature, k, meanAtK, standardError, toolCalls }) => [
      phase === 'baseline' ? 'after the cold start' : 'at the end',
      `${benchmark}, ${budget} budget${temperature === undefined ? '' : `, temperature ${temperature}`}`,
      `${percent(meanAtK)}${standardError === undefined ? '' : ` ± ${percent(standardError)}`} (mean@${k})`,
      toolCalls.toFixed(2),
    ],
  );
  const heldOut =
    held.length === 0
      ? ''
      : `\n## Held-out problems\n\n${table(['when', 'benchmark', 'accuracy', 'calls'], held)}\n`;
  return `${heldOut}
## Curves

![Tool calls, reward, length and entropy by round](curves.svg)

${curveTable(run)}

${alarm}
`;
}

/** The curves at a few rounds, for those who read the card as text. */
function curveTable({ series }: RecordedRun): string {
  const { x, metrics } = series.rounds;
  const count = Math.min(8, x.length);
  const rows = Array.from({ length: count }, (_, i) =>
    Math.round((i * (x.length - 1)) / Math.max(1, count - 1)),
  );
  return table(
    ['round', ...cardMetrics.map((name) => metricDefinition(name).label)],
    rows.map((row) => [
      String(x[row]),
      ...cardMetrics.map((name) => {
        const value = metrics[name]?.[row];
        return value === null || value === undefined ? '' : String(Number(value.toPrecision(3)));
      }),
    ]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
