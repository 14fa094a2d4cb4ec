/**
 * A study's report: Markdown with its plots beside it, the same numbers as its JSON.
 *
 * Pure, from a study to texts. Every number is a mean over seeds with its smallest and largest value; what was not
 * measured is a dash, never a zero.
 */
import { learningVariants, runsOf, studyLines } from '../study/compare.ts';
import { crossEvaluation } from '../study/crossEvaluation.ts';
import { metrics } from '../metrics/registry.ts';
import { benchmarkNames } from '../tasks/problems.ts';
import {
  benchmarkCalls,
  callsKept,
  endValue,
  spread,
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
    '## Accuracy',
    ...(['short', 'long'] as const).map((budget) =>
      table(
        [
          `${budget} budget`,
          ...benchmarkNames.flatMap((name) => [`${name}: mean@k before`, 'after', 'pass@k after']),
        ],
        study.variants.map(({ name, title }) => [
          title,
          ...benchmarkNames.flatMap((benchmark) => {
            const of = (phase: 'baseline' | 'evaluation', key: 'meanAtK' | 'passAtK') =>
              percent(
                spread(
                  runsOf(study, name).map(
                    (run) =>
                      run.benchmarks.find(
                        (one) => one.phase === phase && one.benchmark === benchmark && one.budget === budget,
                      )?.[key] ?? null,
                  ),
                ),
              );
            return [of('baseline', 'meanAtK'), of('evaluation', 'meanAtK'), of('evaluation', 'passAtK')];
          }),
        ]),
      ),
    ),
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
      : `${fired.length} of ${runs.length} (round ${fired.map(({ alarm }) => alarm?.round).join(', ')})`,
  ];
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
    title: `Accuracy (mean@k, training range), context of ${context ?? '?'} tokens`,
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

const percent = (over: Spread | null) => cell(over, (value) => `${(100 * value).toFixed(0)}%`);

const fileName = (metric: StudyMetric) => metric.replace(/^.*\//, '').replace('mean', 'score');
