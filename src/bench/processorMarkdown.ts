/** The report of a speed test on processors as text, in the form of markdown.ts. */
import { percent, short, spread, table, targetLine } from './markdown.ts';
import { contestantNames, type ContestantName } from './peers/contestant.ts';
import { ratioOf, type ProcessorCell, type ProcessorReport } from './processorReport.ts';
import { quantilesOf } from './statistics.ts';

const columns: Readonly<Record<ContestantName, string>> = {
  simd1: 'simd, 1 thread',
  simd: 'simd, all threads',
  tfjs: 'tfjs, wasm',
  jax: 'jax-js, wasm',
  torch: 'PyTorch',
  wgsl: 'wgsl, software',
};

/** The ratios that are told, and how. */
const ratios = [
  ['simd1', 'tfjs', 'simd 1 / tfjs'],
  ['simd1', 'jax', 'simd 1 / jax-js'],
  ['simd', 'torch', 'simd / PyTorch'],
  ['simd', 'wgsl', 'simd / wgsl'],
  ['simd', 'simd1', 'all threads / 1'],
] as const;

export function processorMarkdown(report: ProcessorReport): string {
  const versions = Object.entries(report.versions).map(([name, version]) => `${name} ${version}`);
  const state = report.complete ? '' : ' Not complete.';
  const blocks = [
    `## Speed test on processors, ${report.date.slice(0, 16).replace('T', ' ')} UTC`,
    `${report.host}. ${versions.join(', ')}. simd on ${report.threads} ${report.threads === 1 ? 'thread' : 'threads'}.${state}`,
    rateTable(report.cells),
    ratioTable(report.cells),
    'Tokens a second. Medians; in brackets the range, or the quartiles from 8 samples on; ×n samples. Ratios are of neighbours in time.',
    facts(report),
    report.goals.map(targetLine).join('\n'),
    report.notes.map((note) => `- ${note}`).join('\n'),
  ];
  return blocks.filter((block) => block !== '').join('\n\n') + '\n';
}

const workNames = { sft: 'SFT step', grpo: 'GRPO step', rollout: 'rollout' } as const;

const label = ({ preset, work, sequences }: ProcessorCell) =>
  `${preset}, ${workNames[work]}, ${sequences} seq.`;

function rateTable(cells: readonly ProcessorCell[]): string {
  const present = contestantNames.filter((name) =>
    cells.some(({ entries }) => entries.some((entry) => entry.name === name)),
  );
  return table(
    ['work', ...present.map((name) => columns[name])],
    cells.map((cell) => [
      label(cell),
      ...present.map((name) => {
        const entry = cell.entries.find((one) => one.name === name);
        return entry ? spread(quantilesOf(entry.rates)) : '–';
      }),
    ]),
  );
}

function ratioTable(cells: readonly ProcessorCell[]): string {
  const present = ratios.filter(([name, other]) => cells.some((cell) => ratioOf(cell, name, other) !== null));
  return table(
    ['work', ...present.map(([, , text]) => text), 'of product rate'],
    cells.map((cell) => [
      label(cell),
      ...present.map(([name, other]) => {
        const ratio = ratioOf(cell, name, other);
        return ratio ? spread(ratio) : '–';
      }),
      cell.productShares ? percent(quantilesOf(cell.productShares).median) : '–',
    ]),
  );
}

function facts({ product, cells }: ProcessorReport): string {
  const lines: string[] = [];
  if (product) {
    lines.push(
      `- Product rate of one thread: ${spread(product.perSecond, 1e9)} GFLOP/s (${product.of}, timed beside training)`,
    );
  }
  const torch = cells.flatMap((cell) => {
    const entry = cell.entries.find(({ name }) => name === 'torch');
    return entry ? [`${label(cell)}: ${entry.label}`] : [];
  });
  if (torch.length > 0) lines.push(`- PyTorch’s best: ${torch.join('; ')}`);
  const alike = cells.flatMap((cell) => (cell.disagreement === null ? [] : [cell.disagreement]));
  if (alike.length > 0) lines.push(`- First losses of all within ${short(Math.max(...alike))} of ours`);
  return lines.join('\n');
}
