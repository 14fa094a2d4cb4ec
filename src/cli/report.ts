/**
 * A study's report: Markdown with its plots beside it, the same numbers as its JSON.
 *
 * Pure, from a study to texts. Every number is a mean over seeds with its smallest and largest value; what was not
 * measured is a dash, never a zero.
 */
import { distinct, learningVariants, runsOf, studyLines } from '../study/compare.ts';
import { crossEvaluation } from '../study/crossEvaluation.ts';
import { metrics } from '../metrics/registry.ts';
import { benchmarkNames } from '../tasks/problems.ts';
import { goalTemperature, verdicts } from '../study/goals.ts';
import {
  benchmarkCalls,
  benchmarkResult,
  callsKept,
  endValue,
  spread,
  temperaturesOf,
  type Spread,
  type Study,
  type StudyMetric,
  type StudyRun,
} from '../study/study.ts';
import { heatMapPlot, linePlot, type Line } from './plot.ts';

export interface Report {
  readonly markdown: string;
  /** File name to SVG. */
  readonly plots: ReadonlyMap<string, string>;
}

const plotted = [
  'tool_use/avg_tool_calls_per_trajectory',
  'critic/score/mean',
  'actor/entropy',
] as const satisfies readonly StudyMetric[];

export function writeReport(study: Study): Report {
  const plots = new Map<string, string>();
  // Runs that only evaluate have no rounds to draw.
  const learning = learningVariants(study);
  for (const metric of plotted) {
    const lines = studyLines(study, metric).filter(({ points }) => points.length > 0);
    if (lines.length > 0) plots.set(`${fileName(metric)}.svg`, metricPlot(study, metric, lines));
  }
  for (const budget of ['short', 'long'] as const) {
    const heatMap = crossPlot(study, budget);
    if (heatMap !== null) plots.set(`trained-and-evaluated-${budget}.svg`, heatMap);
  }
  const seeds = [...new Set(study.runs.map(({ seed }) => seed))].sort((a, b) => a - b);
  const engines = [...new Set(study.runs.map(({ engine }) => engine))];
  const markdown = [
    `# ${study.title}`,
    study.question,
    ...partNote(study),
    `Preset \`${study.preset}\`, seeds ${seeds.join(', ')}, ${engines.join('; ')}. ${study.createdAt.slice(0, 10)}${study.commit === null ? '' : `, commit \`${study.commit.slice(0, 12)}\``}. Each cell: mean over seeds (smallest to largest).`,
    '## Tool calls',
    table(
      [
        'variant',
        'first round of GRPO',
        'end of stage 1',
        'end of stage 2',
        'at most 2 calls at the end',
        'post-hoc at the end',
        'entropy at the end',
        'alarm',
      ],
      learning.map(({ name, title }) => callRow(title, runsOf(study, name))),
    ),
    'On the benchmark of the training range, the same problems before and after reinforcement learning:',
    table(
      ['variant', 'short context: before', 'after', 'kept', 'long context: before', 'after', 'kept'],
      study.variants.map(({ name, title }) => keptRow(title, runsOf(study, name))),
    ),
    ...verdictSection(study),
    '## Accuracy',
    'Mean@k ± its standard error within a run (clustered by problem; the mean of the runs’ errors), then the smallest and the largest seed.',
    ...temperaturesOf(study).flatMap((temperature) =>
      (['short', 'long'] as const).map((budget) => accuracyTable(study, budget, temperature)),
    ),
    ...mapSection(study),
    '## Time',
    table(
      ['variant', 'minutes a run'],
      study.variants.map(({ name, title }) => [
        title,
        cell(spread(runsOf(study, name).map(({ seconds }) => seconds / 60)), (value) => value.toFixed(1)),
      ]),
    ),
    ...[...plots.keys()].map((name) => `![${name}](${name})`),
  ].join('\n\n');
  return { markdown: `${markdown}\n`, plots };
}

/** A study that is not complete says so before its first number. */
function partNote({ missing, runs }: Study): readonly string[] {
  if (missing === undefined) return [];
  return [
    `**Partial: ${runs.length} of ${runs.length + missing.length} runs.** Missing: ${missing.join('; ')}.`,
  ];
}

/** What was asked beforehand (study/goals.ts), by seed. */
function verdictSection(study: Study): readonly string[] {
  if (study.experiment !== 'choice') return [];
  const rows = study.runs.flatMap((run) => {
    const rival = study.runs.find(({ variant, seed }) => variant === 'dense' && seed === run.seed);
    return verdicts(run, rival).map(({ goal, ask, measured, isMet }) => [
      goal,
      run.variant,
      `${run.seed}`,
      ask,
      measured ?? '–',
      isMet === null ? 'not measured' : isMet ? 'yes' : '**no**',
    ]);
  });
  return [
    '## Against the goals',
    `Fixed before the runs; held-out problems of the training range, long budget, temperature ${goalTemperature}.`,
    table(['goal', 'variant', 'seed', 'asked', 'measured', 'met'], rows),
  ];
}

function accuracyTable(study: Study, budget: 'short' | 'long', temperature: number | undefined): string {
  const names = benchmarkNames.filter((name) =>
    study.runs.some(({ benchmarks }) => benchmarks.some(({ benchmark }) => benchmark === name)),
  );
  const sampled = temperature === undefined ? '' : `, temperature ${temperature}`;
  const n = distinct(
    study.runs.flatMap(({ benchmarks }) => benchmarks.map((one) => `${one.problems} x ${one.k}`)),
  );
  return table(
    [
      `${budget} budget${sampled} (n ${n.join(' or ')})`,
      ...names.flatMap((name) => [
        `${name}: mean@k before`,
        'after',
        'pass@k after',
        'calls before',
        'after',
      ]),
    ],
    study.variants.map(({ name, title }) => [
      title,
      ...names.flatMap((benchmark) => {
        const results = (phase: 'baseline' | 'evaluation') =>
          runsOf(study, name).map((run) => benchmarkResult(run, phase, benchmark, budget, temperature));
        const [before, after] = [results('baseline'), results('evaluation')];
        return [
          withError(before, 'meanAtK', 'standardError', percentOf),
          withError(after, 'meanAtK', 'standardError', percentOf),
          percent(spread(after.map((one) => one?.passAtK ?? null))),
          withError(before, 'toolCalls', 'toolCallsError', (value) => value.toFixed(2)),
          withError(after, 'toolCalls', 'toolCallsError', (value) => value.toFixed(2)),
        ];
      }),
    ]),
  );
}

type Result = StudyRun['benchmarks'][number] | undefined;

/** Mean over seeds, with the mean of the runs' own errors where they have one. */
function withError(
  results: readonly Result[],
  value: 'meanAtK' | 'toolCalls',
  error: 'standardError' | 'toolCallsError',
  write: (value: number) => string,
): string {
  const over = spread(results.map((one) => one?.[value] ?? null));
  const within = spread(results.map((one) => one?.[error] ?? null));
  if (over === null) return '–';
  const range = over.seeds === 1 ? '' : ` (${write(over.min)} to ${write(over.max)})`;
  return `${write(over.mean)}${within === null ? '' : ` ± ${write(within.mean)}`}${range}`;
}

/** The table of two conditions at the temperature of the goals, accuracy and calls; nothing where there are no conditions. */
function mapSection(study: Study): readonly string[] {
  const temperature = temperaturesOf(study).at(-1);
  return (['accuracy', 'calls'] as const).flatMap((measure) => {
    const map = crossEvaluation(study, 'long', measure, temperature);
    if (map === null) return [];
    const write = measure === 'accuracy' ? percentOf : (value: number) => value.toFixed(2);
    const what = measure === 'accuracy' ? 'Accuracy' : 'Tool calls per trajectory';
    return [
      `## ${what} after reinforcement learning: ${map.rowLabel} by ${map.columnLabel}`,
      table(
        [`${map.rowLabel} \\ ${map.columnLabel}`, ...map.columns],
        map.rows.map((row, r) => [row, ...(map.cells[r] ?? []).map((over) => cell(over, write))]),
      ),
    ];
  });
}

function callRow(title: string, runs: readonly StudyRun[]): string[] {
  const calls = 'tool_use/avg_tool_calls_per_trajectory';
  const two = (value: number) => value.toFixed(2);
  const fired = runs.filter(({ alarm }) => alarm !== null);
  return [
    title,
    cell(spread(runs.map(({ reference }) => reference?.density ?? null)), two),
    cell(spread(runs.map((run) => endValue(run, calls, run.stage2 ?? Infinity))), two),
    cell(spread(runs.map((run) => (run.stage2 === null ? null : endValue(run, calls)))), two),
    percent(spread(runs.map((run) => endValue(run, 'tool_use/at_most_2_ratio')))),
    percent(spread(runs.map((run) => endValue(run, 'tool_use/post_hoc_ratio')))),
    cell(spread(runs.map((run) => endValue(run, 'actor/entropy'))), (value) => value.toFixed(3)),
    fired.length === 0
      ? `none of ${runs.length}`
      : `${fired.length} of ${runs.length} (${fired.map(({ alarm }) => alarmWords(alarm)).join('; ')})`,
  ];
}

/** When the average left the zone's edge, and when that was confirmed. */
function alarmWords(alarm: StudyRun['alarm']): string {
  if (alarm === null) return 'none';
  return alarm.since === undefined
    ? `round ${alarm.round}`
    : `round ${alarm.since}, confirmed ${alarm.round}`;
}

function keptRow(title: string, runs: readonly StudyRun[]): string[] {
  const two = (value: number) => value.toFixed(2);
  return [
    title,
    ...(['short', 'long'] as const).flatMap((budget) => [
      cell(spread(runs.map((run) => benchmarkCalls(run, 'baseline', budget))), two),
      cell(spread(runs.map((run) => benchmarkCalls(run, 'evaluation', budget))), two),
      percent(spread(runs.map((run) => callsKept(run, budget)))),
    ]),
  ];
}

function metricPlot(study: Study, metric: StudyMetric, lines: readonly Line[]): string {
  const { label, unit } = metrics[metric];
  const first = study.runs.find(({ stage1 }) => stage1 !== null);
  const marks = [
    { x: first?.stage1 ?? null, text: 'stage 1' },
    { x: first?.stage2 ?? null, text: 'stage 2' },
  ].flatMap(({ x, text }) => (x === null ? [] : [{ x, text }]));
  return linePlot({
    title: `${label} (mean, smallest and largest of the seeds)`,
    xLabel: 'rollout round',
    yLabel: unit,
    lines,
    marks,
    ...(metric === 'critic/score/mean' ? { yMax: 1 } : {}),
  });
}

/** Null where the study evaluates nothing under another condition than it was trained under. */
function crossPlot(study: Study, budget: 'short' | 'long'): string | null {
  const cross = crossEvaluation(study, budget);
  if (cross === null) return null;
  const { rowLabel, columnLabel, rows, columns, cells, context } = cross;
  return heatMapPlot({
    title: `Accuracy (mean@k, training range), context of ${context ?? 'unknown'} tokens`,
    ...{ rowLabel, columnLabel, rows, columns },
    values: cells.map((row) => row.map((over) => over?.mean ?? null)),
  });
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function cell(over: Spread | null, write: (value: number) => string): string {
  if (over === null) return '–';
  return over.seeds === 1 || over.min === over.max
    ? write(over.mean)
    : `${write(over.mean)} (${write(over.min)} to ${write(over.max)})`;
}

const percentOf = (value: number) => `${(100 * value).toFixed(1)}%`;

const percent = (over: Spread | null) => cell(over, (value) => `${(100 * value).toFixed(0)}%`);

const fileName = (metric: StudyMetric) => metric.replace(/^.*\//, '').replace('mean', 'score');
