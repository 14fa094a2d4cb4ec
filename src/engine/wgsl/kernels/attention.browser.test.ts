/** Attention's input, attention and their gradients against float64 at odd shapes, over packed segments. */
import { test } from 'vitest';
import { policyConfig, type PolicyConfig } from '../../../policy/config.ts';
import type { HostArray } from './kernelHarness.ts';
import { expectClose, packed } from '../../testing/kernelCases.ts';
import { describeKernels, sumPartials } from '../testing/kernelTesting.ts';
import { layerAttentionBackward } from '../model/modelBackward.ts';
import { attentionInput, packedAttention } from '../model/modelForward.ts';
import {
  attentionOracle,
  differentiate,
  matmulOracle,
  qkNormRopeOracle,
  rmsNormOracle,
  type Numbers,
} from '../../testing/oracle.ts';
import { parameterLayout } from '../../layout/parameterLayout.ts';
import { ropeTable } from '../../layout/ropeTable.ts';

describeKernels(
  'attention',
  ({ harness, random, normal, context }) => {
    test.each([
      { lengths: [1], heads: 1, kvHeads: 1, headDim: 2 },
      { lengths: [3, 1, 7], heads: 4, kvHeads: 2, headDim: 6 },
      { lengths: [33, 65, 1], heads: 3, kvHeads: 1, headDim: 12 },
      { lengths: [7, 33], heads: 2, kvHeads: 2, headDim: 16 },
      { lengths: [5, 3], heads: 2, kvHeads: 1, headDim: 8 },
    ])(
      'q/k norm, RoPE, attention and their gradients: segments $lengths, $heads/$kvHeads heads of $headDim',
      async (shape) => {
        const { rows, tokens, starts, positions } = packed(shape.lengths, random);
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
        const splits = 2;
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
          gradientPartials: floats(splits * layout.size),
        };
        const out = await harness().run(storage, { rows, splits }, (buffer, uniform) => {
          const c = context(config, splits, buffer, uniform);
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
          const place = { splits, stride: layout.size, offset: group.qkNorm.offset };
          expectClose(sumPartials(out['gradientPartials'], place, 2 * headDim), dWeight, 5e-4);
        }
      },
    );
  },
  ['software', 'software-subgroups', 'gpu'],
);
