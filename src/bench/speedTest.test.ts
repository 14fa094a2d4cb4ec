import { describe, expect, it } from 'vitest';
import { parameterCount, policyConfig } from '../policy/config.ts';
import { Random } from '../random/random.ts';
import { matmulParameters, trainingBytes, trainingFlops } from './cost.ts';
import { markdown, short } from './markdown.ts';
import { decodingWork, responseTokens, sameShare } from './measure.ts';
import { benchReport } from './testing/exampleReport.ts';
import { quantilesOf } from './statistics.ts';
import { checkTargets } from './targets.ts';
import { benchWeights, fullResponse, groupSize, rolloutWork, trainingBatch } from './workload.ts';

const config = policyConfig('mini', 61);

describe('a spread', () => {
  it('is the whole range of few samples and the quartiles of many', () => {
    expect(quantilesOf([5, 1, 3])).toEqual({ median: 3, low: 1, high: 5, samples: 3 });
    expect(quantilesOf([9, 1, 2, 3, 4, 5, 6, 7, 8])).toEqual({ median: 5, low: 3, high: 7, samples: 9 });
    expect(quantilesOf([1, 2]).median).toBe(1.5);
    expect(() => quantilesOf([])).toThrow('at least one');
  });
});

describe('the cost of a step', () => {
  it('counts every matrix but the embedding, by the shapes written out', () => {
    // mini: 4 attention matrices of 64 x 64, 3 FFN matrices of 64 x 160, two layers, and the head
    expect(matmulParameters(config)).toBe(2 * (4 * 64 * 64 + 3 * 64 * 160) + 64 * 61);
    const norms = parameterCount(config) - matmulParameters(config) - 64 * 61;
    expect(norms).toBe(2 * (2 * 64 + 2 * 16) + 64);
  });

  it('is 6 N a token and attention to what came before', () => {
    const one = trainingFlops(config, [1]);
    expect(one).toBe(6 * matmulParameters(config) + 12 * 2 * 64);
    // Two packed sequences do not see each other: cheaper than one of their joint length.
    expect(trainingFlops(config, [100, 100])).toBeLessThan(trainingFlops(config, [200]));
    expect(trainingFlops(config, [100, 100])).toBe(2 * trainingFlops(config, [100]));
  });

  it('moves the weights whatever the batch', () => {
    const perToken = trainingBytes(config, 2) - trainingBytes(config, 1);
    expect(trainingBytes(config, 1) - perToken).toBeCloseTo(40 * parameterCount(config));
    expect(perToken).toBeGreaterThan(0);
  });
});

describe('the workload', () => {
  const batch = () => trainingBatch('mini', 61, 32, new Random('x'));

  it('has the lengths and masks of the task, and is the same again', () => {
    expect(batch()).toEqual(batch());
    for (const { tokens, lossMask, oldLogProbs } of batch()) {
      expect(tokens.length).toBeGreaterThanOrEqual(96);
      expect(tokens.length).toBeLessThanOrEqual(130);
      expect(Math.max(...tokens)).toBeLessThan(61);
      expect(Math.min(...tokens)).toBeGreaterThanOrEqual(0);
      expect(lossMask.subarray(0, 30).some(Boolean)).toBe(false);
      const masked = lossMask.filter(Boolean).length;
      expect(masked).toBeGreaterThan(tokens.length / 3); // sampled
      expect(masked).toBeLessThan(tokens.length - 30); // and some results forced in between
      expect(oldLogProbs.every((value) => value < 0)).toBe(true);
    }
  });

  it('shares a prompt in groups, and gives every call its result', () => {
    const work = rolloutWork('mini', 61, 24, fullResponse('mini'), new Random('x'));
    const keys = work.prompts.map((prompt) => prompt.join());
    expect(new Set(keys).size).toBe(24 / groupSize);
    expect(new Set(keys.slice(0, groupSize)).size).toBe(1);
    expect(work.options.context).toBe(130);
    expect(work.options.turnEndTokens).toHaveLength(5);
    expect(work.result(3, 2)).toEqual(work.result(3, 2));
    expect(work.result(3, 2).length).toBeGreaterThanOrEqual(4);
  });

  it('starts from weights whose head is not zero', () => {
    const head = benchWeights(config, new Random(1)).get('lm_head.weight');
    expect(head?.data.some((value) => value !== 0)).toBe(true);
  });
});

describe('what a rollout did', () => {
  const work = rolloutWork('micro', 61, 2, 10, new Random('x'));
  const sequence = (id: number, response: number) => ({
    id,
    tokens: Int32Array.from({ length: work.prompts[id]!.length + response }, (_, t) => t % 61),
    lossMask: new Uint8Array(),
    logProbs: new Float32Array(),
  });

  it('is counted from the prompts on', () => {
    const sequences = [sequence(0, 4), sequence(1, 6)];
    expect(responseTokens(work, sequences)).toBe(10);
    const prompt = work.prompts[0]!.length;
    // Positions 0..prompt+3 and 0..prompt+5 precede the tokens decoded.
    const positions = [4, 6].reduce((sum, n) => sum + n * prompt + (n * (n - 1)) / 2, 0);
    expect(decodingWork(work, sequences)).toEqual({ steps: 6, positions });
  });

  it('is compared token for token', () => {
    expect(sameShare([sequence(0, 4), sequence(1, 6)], [sequence(0, 4), sequence(1, 6)])).toBe(1);
    expect(sameShare([sequence(0, 4), sequence(1, 6)], [sequence(0, 4), sequence(1, 5)])).toBe(0.5);
  });
});

describe('the report', () => {
  it('judges each target by its worst cell', () => {
    const targets = checkTargets(benchReport.cells, true);
    expect(targets.map(({ measured, reached }) => [measured, reached])).toEqual([
      [2, false],
      [40, true],
    ]);
    expect(checkTargets(benchReport.cells, false).map(({ wanted }) => wanted)).toEqual([8, 30]);
    const small = benchReport.cells.map((cell) => ({ ...cell, preset: 'small' as const }));
    expect(checkTargets(small, false).at(-1)).toMatchObject({
      unit: 'share',
      measured: 0.25,
      reached: false,
    });
    expect(checkTargets([], true)).toEqual([]);
  });

  it('reads as Markdown, with spreads, missing numbers and verdicts', () => {
    const text = markdown(benchReport);
    expect(text).toContain('## Speed test, 2026-01-02 03:04 UTC');
    expect(text).toMatch(/\| mini, SFT step \* +\| 4 seq\., 450 tokens +\| 1000 \(900–1100\) ×3 +\| 500 /);
    expect(text).toMatch(/\| mini, rollout +\|.*\| – +\| 3% +\|/);
    expect(text).toContain('- Missed: training on a software adapter');
    expect(text).toContain('- Reached: rollouts on a software adapter');
    expect(text).toContain('97% of sequences alike');
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
    expect(markdown({ ...benchReport, complete: false })).toContain('Not complete.');
    const alone = benchReport.cells.map((cell) => ({ ...cell, tfjs: null, ratio: null, disagreement: null }));
    expect(markdown({ ...benchReport, cells: alone, targets: [] })).toMatch(/×3 +\| – +\| – +\|/);
  });

  it('shortens numbers without hiding their size', () => {
    expect([1234.5, 99.94, 0.01234, 0, Infinity].map(short)).toEqual(['1235', '99.9', '0.012', '0', '–']);
  });
});
