/** Matrix products against float64 at odd sizes: all three kernels, all three forms, the residual and the gradient partials. */
import { expect, test } from 'vitest';
import { policyConfig } from '../../../policy/config.ts';
import { describeKernels, expectClose } from '../testing/kernelTesting.ts';
import { matmul, type ModelContext } from '../model/modelContext.ts';
import { matmulOracle } from '../testing/oracle.ts';
import { parameterLayout } from '../../layout/parameterLayout.ts';
import { splitRows } from './batchUniform.ts';

describeKernels(
  'matmul',
  ({ harness, normal, tuning }) => {
    test('takes the kernel it was asked for', () => {
      const { subgroupLanes } = harness().gpu;
      if (tuning === 'software-subgroups') expect(subgroupLanes).toBeGreaterThan(1);
      else expect(subgroupLanes).toBe(0);
    });

    test.each([
      { m: 1, n: 1, k: 1 },
      { m: 3, n: 7, k: 33 },
      { m: 65, n: 33, k: 7 },
      { m: 33, n: 65, k: 65 },
      { m: 7, n: 36, k: 68 },
      { m: 65, n: 12, k: 4 },
      { m: 33, n: 72, k: 100 },
      { m: 40, n: 64, k: 36 },
    ])('matmul, all forms, $m x $n x $k', async ({ m, n, k }) => {
      const layout = parameterLayout(policyConfig('micro', 5));
      const a = normal(m * k);
      const b = normal(n * k);
      const residual = normal(m * n);
      const c = (splits: number, buffer: ModelContext['buffer'], uniform: ModelContext['uniform']) => ({
        buffer,
        uniform,
        splits,
        layout,
        subgroupLanes: harness().gpu.subgroupLanes,
      });
      for (const withResidual of [false, true]) {
        const { out } = await harness().run(
          { a, b, residual, out: new Float32Array(m * n) },
          { rows: m },
          (buffer, uniform) => {
            const operands = { a: buffer('a'), b: buffer('b'), out: buffer('out') };
            const all = withResidual ? { ...operands, residual: buffer('residual') } : operands;
            return [matmul(c(1, buffer, uniform), 'NT', all, { n, k })];
          },
        );
        const want = matmulOracle(a, b, { m, n, k }, false, true);
        expectClose(out, withResidual ? want.map((x, i) => x + residual[i]!) : want);
      }
      const nn = await harness().run(
        { a, b, out: new Float32Array(m * n) },
        { rows: m },
        (buffer, uniform) => [
          matmul(
            c(1, buffer, uniform),
            'NN',
            { a: buffer('a'), b: buffer('b'), out: buffer('out') },
            { n, k },
          ),
        ],
      );
      expectClose(nn['out'], matmulOracle(a, b, { m, n, k }, false, false));
      // TN: k is the number of tokens, split over three partials that together hold the sum; twice, accumulated
      const splits = 3;
      for (const accumulate of [false, true]) {
        const out = normal(splits * layout.size);
        const before = out.slice();
        const tn = await harness().run({ a, b, out }, { rows: k, splits, accumulate }, (buffer, uniform) => [
          matmul(
            c(splits, buffer, uniform),
            'TN',
            { a: buffer('a'), b: buffer('b'), out: buffer('out') },
            { m, n },
          ),
        ]);
        expect(splitRows(k, splits) * splits).toBeGreaterThanOrEqual(k);
        const sum = Float64Array.from({ length: m * n }, (_, i) => {
          let total = 0;
          for (let s = 0; s < splits; s++) {
            total += tn['out']![s * layout.size + i]! - (accumulate ? before[s * layout.size + i]! : 0);
          }
          return total;
        });
        expectClose(sum, matmulOracle(a, b, { m, n, k }, true, false), 1e-4);
      }
    });
  },
  ['software', 'software-subgroups'],
);
