/** For tests only: a small report with made-up numbers of every kind. */
import type { BenchReport, TimedCell, EngineCell } from '../report.ts';
import { checkTargets } from '../targets.ts';

const engine = (tokensPerSecond: number, jsMilliseconds: number | null): EngineCell => {
  const around = (median: number) => ({ median, low: median * 0.9, high: median * 1.1, samples: 3 });
  return {
    tokensPerSecond: around(tokensPerSecond),
    milliseconds: around(450_000 / tokensPerSecond),
    jsMilliseconds: jsMilliseconds === null ? null : around(jsMilliseconds),
    counts: { submits: 1, dispatches: 65, bytesReadBack: 64, bytesUploaded: 9000, objectsCreated: 0 },
  };
};

const training: TimedCell = {
  preset: 'mini',
  work: 'sft',
  sequences: 4,
  tokens: 450,
  steps: null,
  reduced: true,
  wgsl: engine(1000, 1.5),
  tfjs: engine(500, 90),
  ratio: { median: 2, low: 1.8, high: 2.2, samples: 3 },
  disagreement: 2e-7,
  wgslRates: { flops: 5e8, bytes: 6e8, sequences: 16 },
  wgslShares: { matmul: 0.25, copy: 0.1 },
};

const rollout: TimedCell = {
  ...training,
  work: 'rollout',
  sequences: 64,
  tokens: 4500,
  steps: 90,
  reduced: false,
  wgsl: engine(4000, null),
  tfjs: engine(100, null),
  ratio: { median: 40, low: 38, high: 44, samples: 3 },
  disagreement: 0.03,
  wgslRates: { flops: null, bytes: 1.8e8, sequences: 64 },
  wgslShares: { matmul: null, copy: 0.03 },
};

const cells = [training, rollout];

export const benchReport: BenchReport = {
  date: '2026-01-02T03:04:05.000Z',
  adapter: 'llvmpipe',
  software: true,
  host: 'a test',
  versions: { 'aster-lab': '0.1.0' },
  secondsPerCell: 20,
  parameters: { mini: 103_000 },
  matmul: {
    perSecond: { median: 2e9, low: 1.9e9, high: 2.1e9, samples: 5 },
    best: '512³, registers',
    tried: [{ name: '512³, registers', perSecond: 2e9 }],
  },
  copy: {
    perSecond: { median: 6e9, low: 5e9, high: 7e9, samples: 5 },
    best: '32 MB, by a kernel',
    tried: [{ name: '32 MB, by a kernel', perSecond: 6e9 }],
  },
  cells,
  targets: checkTargets(cells, true),
  notes: ['A note.'],
  complete: true,
};
