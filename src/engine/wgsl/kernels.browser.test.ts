/**
 * Every kernel against float64 at odd sizes, forward and gradient; gradients against central differences of the
 * float64 forward. Both tunings: barriers shared by lanes (GPU) and one thread a row (CPU rasteriser).
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { policyConfig, type PolicyConfig } from '../../policy/config.ts';
import { Random } from '../../random/random.ts';
import { openDevice, type Tuning } from './device.ts';
import { KernelHarness, type HostArray } from './kernelHarness.ts';
import {
  backward,
  layerAttentionBackward,
  optimizerDispatches,
  rmsNormBackward,
  swigluBackward,
} from './modelBackward.ts';
import { matmul, type ModelContext } from './modelContext.ts';
import { attentionInput, embedding, packedAttention, rmsNorm, swigluForward } from './modelForward.ts';
import {
  attentionOracle,
  differentiate,
  matmulOracle,
  qkNormRopeOracle,
  rmsNormOracle,
  swigluOracle,
  type Numbers,
} from './oracle.ts';
import { parameterLayout } from './parameterLayout.ts';
import { ropeTable } from './ropeTable.ts';
import { splitRows } from './trainingPlan.ts';

const random = new Random('kernels');
const normal = (length: number) => Float32Array.from({ length }, () => random.normal());

/** Largest difference, relative to the largest value wanted. */
function expectClose(got: Numbers | undefined, want: Numbers, tolerance = 2e-5): void {
  let worst = 0;
  let scale = 1e-6;
  for (let i = 0; i < want.length; i++) {
    worst = Math.max(worst, Math.abs((got?.[i] ?? NaN) - (want[i] ?? NaN)));
    scale = Math.max(scale, Math.abs(want[i] ?? NaN));
    if (Number.isNaN(worst)) break;
  }
  expect(worst / scale).toBeLessThan(tolerance);
}

/** Rows of packed segments of the given lengths, as the kernels see them. */
function packed(lengths: readonly number[]) {
  const tokens: number[] = [];
  const starts: number[] = [];
  const positions: number[] = [];
  let row = 0;
  for (const length of lengths) {
    for (let t = 0; t < length; t++) {
      tokens.push(random.integer(0, 4), t, row, row + length);
      starts.push(row);
      positions.push(t);
    }
    row += length;
  }
  return { rows: row, tokens: Uint32Array.from(tokens), starts, positions };
}

describe.each(['software', 'gpu'] as const)('tuned for %s', (tuning: Tuning) => {
  let harness: KernelHarness;
  beforeAll(async () => {
    harness = new KernelHarness(await openDevice(navigator.gpu, tuning));
  });
  afterAll(() => {
    harness.gpu.destroy();
  });

  const context = (
    config: PolicyConfig,
    slots: number,
    buffer: ModelContext['buffer'],
    uniform: ModelContext['uniform'],
  ): ModelContext => ({
    config,
    layout: parameterLayout(config),
    capacity: 64,
    slots,
    isSoftware: tuning === 'software',
    buffer,
    uniform,
  });

  test.each([
    { m: 1, n: 1, k: 1 },
    { m: 3, n: 7, k: 33 },
    { m: 65, n: 33, k: 7 },
    { m: 33, n: 65, k: 65 },
    { m: 7, n: 36, k: 68 },
    { m: 65, n: 12, k: 4 },
    { m: 33, n: 72, k: 100 },
  ])('matmul, all forms, $m x $n x $k', async ({ m, n, k }) => {
    const layout = parameterLayout(policyConfig('micro', 5));
    const a = normal(m * k);
    const b = normal(n * k);
    const residual = normal(m * n);
    const c = (slots: number, buffer: ModelContext['buffer'], uniform: ModelContext['uniform']) => ({
      buffer,
      uniform,
      slots,
      layout,
    });
    for (const withResidual of [false, true]) {
      const { out } = await harness.run(
        { a, b, residual, out: new Float32Array(m * n) },
        { rows: m },
        (buffer, uniform) => {
          const operands = { a: buffer('a'), b: buffer('b'), out: buffer('out') };
          const all = withResidual ? { ...operands, residual: buffer('residual') } : operands;
          return [matmul(c(1, buffer, uniform), 'NT', all, { n, k })];
        },
      );
      const want = matmulOracle(a, b, { m, n, k }, false, true);
      expectClose(out, withResidual ? want.map((x, i) => x + (residual[i] ?? NaN)) : want);
    }
    const nn = await harness.run({ a, b, out: new Float32Array(m * n) }, { rows: m }, (buffer, uniform) => [
      matmul(c(1, buffer, uniform), 'NN', { a: buffer('a'), b: buffer('b'), out: buffer('out') }, { n, k }),
    ]);
    expectClose(nn['out'], matmulOracle(a, b, { m, n, k }, false, false));
    // TN: k is the number of tokens, split over three slots that together hold the sum; twice, accumulated
    const slots = 3;
    for (const accumulate of [false, true]) {
      const out = normal(slots * layout.size);
      const before = out.slice();
      const tn = await harness.run({ a, b, out }, { rows: k, slots, accumulate }, (buffer, uniform) => [
        matmul(
          c(slots, buffer, uniform),
          'TN',
          { a: buffer('a'), b: buffer('b'), out: buffer('out') },
          { m, n },
        ),
      ]);
      expect(splitRows(k, slots) * slots).toBeGreaterThanOrEqual(k);
      const sum = Float64Array.from({ length: m * n }, (_, i) => {
        let total = 0;
        for (let s = 0; s < slots; s++) {
          total +=
            (tn['out']?.[s * layout.size + i] ?? NaN) -
            (accumulate ? (before[s * layout.size + i] ?? NaN) : 0);
        }
        return total;
      });
      expectClose(sum, matmulOracle(a, b, { m, n, k }, true, false), 1e-4);
    }
  });

  test.each([
    { rows: 1, d: 1 },
    { rows: 3, d: 7 },
    { rows: 3, d: 65 },
    { rows: 65, d: 3 },
    { rows: 9, d: 33 },
  ])('RMSNorm and its gradients, $rows rows of $d', async ({ rows, d }) => {
    const config = { ...policyConfig('micro', 5), hiddenSize: d };
    const x = normal(rows * d);
    const dy = normal(rows * d);
    const dx = normal(rows * d);
    const layout = parameterLayout(config);
    const place = layout.finalNorm;
    const slots = 2;
    const parameters = normal(layout.size);
    const weight = parameters.slice(place.offset, place.offset + d);
    const out = await harness.run(
      {
        x,
        y: new Float32Array(rows * d),
        inverseRms: new Float32Array(rows),
        dy,
        dx,
        parameters,
        gradientSlots: new Float32Array(slots * layout.size),
      },
      { rows, slots },
      (buffer, uniform) => {
        const c = context(config, slots, buffer, uniform);
        return [
          rmsNorm(c, { x: 'x', y: 'y', inverseRms: 'inverseRms' }, place),
          ...rmsNormBackward(c, { dy: 'dy', x: 'x', inverseRms: 'inverseRms' }, place, true),
        ];
      },
    );
    expectClose(out['y'], rmsNormOracle(x, weight, d, config.rmsNormEps));
    const gradient = differentiate((p) => rmsNormOracle(p, weight, d, config.rmsNormEps), x, dy);
    expectClose(
      out['dx'],
      gradient.map((g, i) => g + (dx[i] ?? NaN)),
      1e-4,
    );
    const dWeight = differentiate((p) => rmsNormOracle(x, p, d, config.rmsNormEps), weight, dy);
    const summed = dWeight.map(
      (_, j) =>
        (out['gradientSlots']?.[place.offset + j] ?? NaN) +
        (out['gradientSlots']?.[layout.size + place.offset + j] ?? NaN),
    );
    expectClose(summed, dWeight, 1e-4);
  });

  test.each([
    { lengths: [1], heads: 1, kvHeads: 1, headDim: 2 },
    { lengths: [3, 1, 7], heads: 4, kvHeads: 2, headDim: 6 },
    { lengths: [33, 65, 1], heads: 3, kvHeads: 1, headDim: 12 },
    { lengths: [7, 33], heads: 2, kvHeads: 2, headDim: 16 },
    { lengths: [5, 3], heads: 2, kvHeads: 1, headDim: 8 },
  ])(
    'q/k norm, RoPE, attention and their gradients: segments $lengths, $heads/$kvHeads heads of $headDim',
    async (shape) => {
      const { rows, tokens, starts, positions } = packed(shape.lengths);
      const config: PolicyConfig = {
        ...policyConfig('micro', 5),
        ...shape,
        hiddenSize: 8,
        layers: 1,
      };
      const layout = parameterLayout(config);
      const group = layout.layers[0];
      if (!group) throw new Error('one layer expected');
      const { heads, kvHeads, headDim } = shape;
      const dQkv = (heads + 2 * kvHeads) * headDim;
      const dQuery = heads * headDim;
      const slots = 2;
      const parameters = normal(layout.size);
      const weight = parameters.slice(group.qkNorm.offset, group.qkNorm.offset + 2 * headDim);
      const qkvWeight = parameters.slice(group.qkv.offset, group.qkv.offset + group.qkv.size);
      const x = normal(rows * 8);
      const dAttended = normal(rows * dQuery);
      const floats = (n: number) => new Float32Array(n);
      const storage: Record<string, HostArray> = {
        parameters,
        tokens,
        'layer0.x': x,
        'layer0.normed': floats(rows * 8),
        'layer0.inverseRms': floats(rows),
        'layer0.qkv': floats(rows * dQkv),
        'layer0.qk': floats(rows * (heads + kvHeads) * headDim),
        'layer0.qkInverseRms': floats(rows * (heads + kvHeads)),
        'layer0.attended': floats(rows * dQuery),
        'layer0.logSumExp': floats(rows * heads),
        rope: ropeTable(rows, headDim, config.ropeTheta),
        dAttended,
        dQkv: normal(rows * dQkv),
        delta: floats(rows * heads),
        gradientSlots: floats(slots * layout.size),
      };
      const out = await harness.run(storage, { rows, slots }, (buffer, uniform) => {
        const c = context(config, slots, buffer, uniform);
        return [...attentionInput(c, 0), packedAttention(c, 0), ...layerAttentionBackward(c, 0)];
      });
      const normed = rmsNormOracle(
        x,
        parameters.slice(group.inputNorm.offset, group.inputNorm.offset + 8),
        8,
        config.rmsNormEps,
      );
      const qkv = matmulOracle(normed, qkvWeight, { m: rows, n: dQkv, k: 8 }, false, true);
      expectClose(out['layer0.qkv'], qkv);
      const rotate = (source: Numbers, w: Numbers) =>
        qkNormRopeOracle(source, w, positions, shape, config.ropeTheta, config.rmsNormEps);
      expectClose(out['layer0.qk'], rotate(qkv, weight), 5e-5);
      const attend = (source: Numbers, w: Numbers) =>
        attentionOracle(rotate(source, w), source, starts, shape);
      expectClose(out['layer0.attended'], attend(qkv, weight), 5e-5);
      if (rows <= 11) {
        expectClose(
          out['dQkv'],
          differentiate((p) => attend(p, weight), qkv, dAttended),
          5e-4,
        );
        const dWeight = differentiate((p) => attend(qkv, p), weight, dAttended);
        const at = group.qkNorm.offset;
        const summed = dWeight.map(
          (_, j) =>
            (out['gradientSlots']?.[at + j] ?? NaN) + (out['gradientSlots']?.[layout.size + at + j] ?? NaN),
        );
        expectClose(summed, dWeight, 5e-4);
      }
    },
  );

  test.each([
    { rows: 1, f: 1 },
    { rows: 7, f: 33 },
    { rows: 65, f: 3 },
  ])('SwiGLU and its gradient, $rows rows of $f', async ({ rows, f }) => {
    const config = { ...policyConfig('micro', 5), intermediateSize: f };
    const gateUp = normal(rows * 2 * f).map((value) => value * 3);
    const dActivation = normal(rows * f);
    const out = await harness.run(
      {
        'layer0.gateUp': gateUp,
        'layer0.activation': new Float32Array(rows * f),
        dActivation,
        dGateUp: new Float32Array(rows * 2 * f),
      },
      { rows },
      (buffer, uniform) => {
        const c = context(config, 1, buffer, uniform);
        return [swigluForward(c, 0), swigluBackward(c, 0)];
      },
    );
    expectClose(out['layer0.activation'], swigluOracle(gateUp, f));
    expectClose(
      out['dGateUp'],
      differentiate((p) => swigluOracle(p, f), gateUp, dActivation),
      1e-4,
    );
  });

  test('embedding and its gradient: rows of one token add up', async () => {
    const { rows, tokens } = packed([7, 3, 33]);
    const config: PolicyConfig = { ...policyConfig('micro', 5), hiddenSize: 7, layers: 0 };
    const layout = parameterLayout(config);
    const parameters = normal(layout.size);
    const dx = normal(rows * 7);
    const ids = Array.from({ length: rows }, (_, r) => tokens[r * 4] ?? 0);
    const order = ids.map((_, r) => r).sort((a, b) => (ids[a] ?? 0) - (ids[b] ?? 0) || a - b);
    const firstRow = Array.from({ length: 6 }, (_, id) => ids.filter((other) => other < id).length);
    const slots = 3;
    const out = await harness.run(
      {
        parameters,
        tokens,
        'layer0.x': new Float32Array(rows * 7),
        dx,
        order: Uint32Array.from(order),
        firstRow: Uint32Array.from(firstRow),
        gradientSlots: new Float32Array(slots * layout.size),
        logits: new Float32Array(rows * 8),
        finalNormed: new Float32Array(rows * 7),
        finalX: normal(rows * 7),
        finalInverseRms: new Float32Array(rows),
        dNormed: new Float32Array(rows * 7),
      },
      { rows, slots },
      (buffer, uniform) => {
        const c = context(config, slots, buffer, uniform);
        return [embedding(c), ...backward(c).slice(-1)];
      },
    );
    expectClose(
      out['layer0.x'],
      ids.flatMap((id) => [...parameters.slice(id * 7, id * 7 + 7)]),
    );
    const want = new Float64Array(5 * 7);
    ids.forEach((id, r) => {
      for (let j = 0; j < 7; j++) want[id * 7 + j] = (want[id * 7 + j] ?? 0) + (dx[r * 7 + j] ?? NaN);
    });
    const summed = want.map((_, i) => {
      let total = 0;
      for (let s = 0; s < slots; s++) total += out['gradientSlots']?.[s * layout.size + i] ?? NaN;
      return total;
    });
    expectClose(summed, want);
  });

  test('gradient sum, norm, clipping and AdamW', async () => {
    const config = policyConfig('micro', 5);
    const layout = parameterLayout(config);
    const slots = 3;
    const size = layout.size;
    const gradientSlots = normal(slots * size);
    const parameters = normal(size);
    const m = normal(size);
    const v = normal(size).map((value) => value * value);
    const settings = [1e-2, 0.9, 0.95, 1e-8, 0.1, 5, 1 - 0.9 ** 3, 1 - 0.95 ** 3] as const;
    const out = await harness.run(
      {
        gradientSlots,
        gradient: new Float32Array(size),
        squares: new Float32Array(Math.ceil(size / 1024)),
        totals: new Float32Array(16),
        decayed: layout.decayedBlocks as Uint32Array<ArrayBuffer>,
        parameters,
        m,
        v,
      },
      { rows: 1, slots },
      (buffer, uniform) => {
        const { sum, update } = optimizerDispatches(context(config, slots, buffer, uniform));
        return [...sum, ...update];
      },
      { optimizer: Float32Array.from(settings) },
    );
    const [lr, beta1, beta2, epsilon, decay, maxNorm, c1, c2] = settings;
    const gradient = Float64Array.from({ length: size }, (_, i) => {
      let total = 0;
      for (let s = 0; s < slots; s++) total += gradientSlots[s * size + i] ?? NaN;
      return total;
    });
    const norm = Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0));
    expectClose(out['gradient'], gradient);
    expect(Math.abs((out['totals']?.[8] ?? NaN) / norm - 1)).toBeLessThan(1e-5);
    const scale = Math.min(1, maxNorm / (norm + 1e-6));
    const want = gradient.map((g, i) => {
      const first = beta1 * (m[i] ?? NaN) + (1 - beta1) * g * scale;
      const second = beta2 * (v[i] ?? NaN) + (1 - beta2) * (g * scale) ** 2;
      const shrink = 1 - lr * (layout.decayedBlocks[Math.floor(i / 64)] ? decay : 0);
      return (parameters[i] ?? NaN) * shrink - (lr * first) / c1 / (Math.sqrt(second / c2) + epsilon);
    });
    expectClose(out['parameters'], want);
  });
});
