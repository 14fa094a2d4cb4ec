/**
 * What ends a step, against float64: the statistics' totals, the sum of the split-K partials, its norm and clipping, AdamW; and
 * a gradient that is not finite, which must not move a weight.
 */
import { expect, test } from 'vitest';
import { policyConfig } from '../../../policy/config.ts';
import { expectClose } from '../../testing/kernelCases.ts';
import { describeKernels, sumPartials } from '../testing/kernelTesting.ts';
import { optimizerDispatches } from '../model/optimizerStep.ts';
import { statsDispatch } from '../model/modelForward.ts';
import { parameterLayout } from '../../layout/parameterLayout.ts';

const settings = [1e-2, 0.9, 0.95, 1e-8, 0.1, 5, 1 - 0.9 ** 3, 1 - 0.95 ** 3] as const;
/** The corrections if the step before was skipped. */
const late = [1 - 0.9 ** 2, 1 - 0.95 ** 2] as const;

describeKernels('optimizer', ({ harness, normal, context }) => {
  /** A step on random state; `alter` may spoil the gradient. */
  async function step(
    width: number,
    splits: number,
    alter?: (gradientPartials: Float32Array) => void,
    skipped = { onGpu: 0, before: 0 },
  ) {
    const config = { ...policyConfig('micro', 5), hiddenSize: width, intermediateSize: width, layers: 1 };
    const layout = parameterLayout(config);
    const { size } = layout;
    const state = {
      gradientPartials: normal(splits * size),
      parameters: normal(size),
      m: normal(size),
      v: normal(size).map((value) => value * value),
    };
    alter?.(state.gradientPartials);
    const out = await harness().run(
      {
        ...state,
        gradient: new Float32Array(size),
        squares: new Float32Array(Math.ceil(size / 1024)),
        totals: new Float32Array(16).fill(skipped.onGpu, 11, 12),
        decayed: layout.decayedBlocks as Uint32Array<ArrayBuffer>,
      },
      { rows: 1, splits },
      (buffer, uniform) => {
        const { sum, update } = optimizerDispatches(context(config, splits, buffer, uniform));
        return [...sum, ...update];
      },
      { optimizer: Float32Array.from([...settings, ...late, skipped.before, 0]) },
    );
    return { layout, state, out };
  }

  test.each([
    { width: 1, splits: 1, onGpu: 0, before: 0 },
    { width: 7, splits: 3, onGpu: 4, before: 4 },
    { width: 33, splits: 2, onGpu: 5, before: 4 },
    { width: 65, splits: 7, onGpu: 0, before: 0 },
  ])('gradient sum, norm, clipping and AdamW: %j', async ({ width, splits, onGpu, before }) => {
    const { layout, state, out } = await step(width, splits, undefined, { onGpu, before });
    expect(out['totals']?.[11]).toBe(onGpu);
    const [lr, beta1, beta2, epsilon, decay, maxNorm] = settings;
    // What the CPU did not know of when it queued the step was skipped just before it.
    const [c1, c2] = onGpu === before ? settings.slice(6) : late;
    if (c1 === undefined || c2 === undefined) throw new Error('There are two corrections.');
    const place = { splits, stride: layout.size, offset: 0 };
    const gradient = sumPartials(state.gradientPartials, place, layout.size);
    const norm = Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0));
    expectClose(out['gradient'], gradient);
    expect(Math.abs(out['totals']![8]! / norm - 1)).toBeLessThan(1e-5);
    const scale = Math.min(1, maxNorm / (norm + 1e-6));
    const want = { parameters: [] as number[], m: [] as number[], v: [] as number[] };
    gradient.forEach((g, i) => {
      const first = beta1 * state.m[i]! + (1 - beta1) * g * scale;
      const second = beta2 * state.v[i]! + (1 - beta2) * (g * scale) ** 2;
      const shrink = 1 - lr * (layout.decayedBlocks[Math.floor(i / 64)] ? decay : 0);
      want.m.push(first);
      want.v.push(second);
      want.parameters.push(
        state.parameters[i]! * shrink - (lr * first) / c1 / (Math.sqrt(second / c2) + epsilon),
      );
    });
    for (const name of ['parameters', 'm', 'v'] as const) expectClose(out[name], want[name]);
  });

  test.each([NaN, Infinity])('a gradient with %d in it moves nothing', async (bad) => {
    const { state, out } = await step(7, 2, (gradientPartials) => {
      gradientPartials[100] = bad;
    });
    expect(out['totals']?.[10]).toBe(0);
    expect(out['totals']?.[11]).toBe(1);
    for (const name of ['parameters', 'm', 'v'] as const) expect(out[name]).toEqual(state[name]);
  });

  test.each([1, 3, 7, 33, 65])('totals of the statistics of %d rows', async (rows) => {
    const rowStats = normal(rows * 8);
    for (const accumulate of [false, true]) {
      const totals = normal(16);
      const { totals: got } = await harness().run(
        { rowStats, totals },
        { rows, accumulate },
        (buffer, uniform) => [statsDispatch(context(policyConfig('micro', 5), 1, buffer, uniform))],
      );
      const want = totals.map((before, field) => {
        if (field >= 6) return before; // the optimizer's part
        let sum = accumulate ? before : 0;
        for (let row = 0; row < rows; row++) sum += rowStats[row * 8 + field]!;
        return sum;
      });
      expectClose(got, want);
    }
  });
});
