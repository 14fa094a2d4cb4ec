/**
 * A speed test's report as text: a Markdown table that reads well unrendered, too, so the command prints it and the page copies it.
 *
 * Every number stands with its spread and its number of samples, and what is not known is an en dash.
 */
import type { BenchReport, TimedCell, Target } from './report.ts';
import type { Quantiles } from './statistics.ts';

export function markdown(report: BenchReport): string {
  const versions = Object.entries(report.versions).map(([name, version]) => `${name} ${version}`);
  const state = report.complete ? '' : ' Not complete.';
  const blocks = [
    `## Speed test, ${report.date.slice(0, 16).replace('T', ' ')} UTC`,
    `Adapter: ${report.adapter}. ${report.host}. ${versions.join(', ')}.${state}`,
    speedTable(report.cells),
    'Medians; in brackets the range, or the quartiles from 8 samples on; ×n samples. Ratios are of neighbours in time.',
    callTable(report.cells),
    peakLines(report),
    report.targets.map(targetLine).join('\n'),
    report.notes.map((note) => `- ${note}`).join('\n'),
  ];
  return blocks.filter((block) => block !== '').join('\n\n') + '\n';
}

export function targetLine({ text, wanted, measured, unit, reached }: Target): string {
  const value = unit === 'share' ? percent(measured) : `${short(measured)} times`;
  const aim = unit === 'share' ? percent(wanted) : `${wanted} times`;
  return `- ${reached ? 'Reached' : 'Missed'}: ${text} (worst median ${value}, wanted ${aim})`;
}

const workLabels = { sft: 'SFT step', grpo: 'GRPO step', rollout: 'rollout' } as const;

function label({ preset, work, reduced }: TimedCell): string {
  return `${preset}, ${workLabels[work]}${reduced ? ' *' : ''}`;
}

/** The batch a share is of, where it is another than the one both engines did. */
function ratedAt({ sequences, wgslRates }: TimedCell): string {
  return wgslRates.sequences === sequences ? '' : ` (${wgslRates.sequences} seq.)`;
}

function speedTable(cells: readonly TimedCell[]): string {
  return table(
    ['work', 'size', 'wgsl, tokens/s', 'tfjs, tokens/s', 'wgsl / tfjs', 'of matmul rate', 'of copy rate'],
    cells.map((cell) => [
      label(cell),
      `${cell.sequences} seq., ${cell.tokens} tokens`,
      spread(cell.wgsl.tokensPerSecond),
      cell.tfjs ? spread(cell.tfjs.tokensPerSecond) : '–',
      cell.ratio ? spread(cell.ratio) : '–',
      cell.wgslShares.matmul === null ? '–' : percent(cell.wgslShares.matmul) + ratedAt(cell),
      percent(cell.wgslShares.copy),
    ]),
  );
}

/** What a step (or, for rollouts, one decoding step of the whole batch) asks of JavaScript and of the queue. */
function callTable(cells: readonly TimedCell[]): string {
  const rows = cells.flatMap((cell) =>
    (['wgsl', 'tfjs'] as const).flatMap((name) => {
      const engine = cell[name];
      if (!engine) return [];
      const per = cell.steps ?? 1;
      const { counts, milliseconds, jsMilliseconds } = engine;
      return [
        [
          `${label(cell)}, ${name}`,
          short(milliseconds.median / per),
          jsMilliseconds ? spread(jsMilliseconds) : '–',
          short(counts.dispatches / per),
          short(counts.submits / per),
          short(counts.bytesReadBack / per),
          short(counts.objectsCreated / per),
        ],
      ];
    }),
  );
  const header = [
    'a step (rollout: a decoding step)',
    'ms',
    'JS ms',
    'dispatches',
    'submits',
    'bytes read',
    'GPU objects',
  ];
  return table(header, rows);
}

function peakLines({ matmul, copy, cells }: BenchReport): string {
  const lines = [
    `- Matmul rate: ${spread(matmul.perSecond, 1e9)} GFLOP/s (${matmul.best}; best of ${matmul.tried.length}, measured at the start and after every preset)`,
    `- Copy bandwidth: ${spread(copy.perSecond, 1e9)} GB/s, read and written (${copy.best})`,
  ];
  const disagreements = cells.map(disagreement).filter((text) => text !== '');
  if (disagreements.length > 0) lines.push(`- Same work on both: ${disagreements.join('; ')}`);
  return lines.join('\n');
}

function disagreement(cell: TimedCell): string {
  if (cell.disagreement === null) return '';
  return cell.work === 'rollout'
    ? `${label(cell)} ${percent(1 - cell.disagreement)} of sequences alike token for token`
    : `${label(cell)} losses within ${cell.disagreement === 0 ? '0' : cell.disagreement.toExponential(1)}`;
}

export function spread({ median, low, high, samples }: Quantiles, unit = 1): string {
  const range = samples === 1 ? '' : ` (${short(low / unit)}–${short(high / unit)})`;
  return `${short(median / unit)}${range} ×${samples}`;
}

/** Three significant figures, whole from a hundred on. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 100) return Math.round(value).toString();
  return Number(value.toPrecision(Math.abs(value) >= 10 ? 3 : 2)).toString();
}

export function percent(share: number): string {
  return `${short(share * 100)}%`;
}

export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const widths = header.map((cell, i) => Math.max(cell.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(header), rule, ...rows.map(line)].join('\n');
}
