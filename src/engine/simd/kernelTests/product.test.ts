/** The three matrix products against plain sums, at sizes that leave rows, columns and sums over. */
import { expect, test } from 'vitest';
import { expectClose } from '../../testing/kernelCases.ts';
import { matmulOracle } from '../../testing/oracle.ts';
import { describeKernels } from '../testing/openKernels.ts';

const sizes = [
  { m: 1, n: 1, k: 1 },
  { m: 3, n: 5, k: 7 },
  { m: 4, n: 8, k: 16 },
  { m: 9, n: 33, k: 6 },
  { m: 70, n: 61, k: 37 },
  { m: 130, n: 72, k: 24 },
];

describeKernels('matrix products', ({ normal, call, put, room, read }) => {
  test.each(sizes)('y = x W^T, $m x $n x $k', ({ m, n, k }) => {
    const [x, w] = [normal(m * k), normal(n * k)];
    const panels = room(call().panelFloats(n, k));
    call().packColumns(put(w), k * 4, panels, n, k);
    const y = room(m * n + 8);
    call().product(put(x), k * 4, panels, k * 32, y, n * 4, 0, m, n, k);
    const want = matmulOracle(x, w, { m, n, k }, false, true);
    expectClose(read(y, m * n), want);
    expect(read(y + m * n * 4, 8)).toEqual(new Float32Array(8));
  });

  test.each(sizes)('dx = dy W, $m x $n x $k, added to what is there', ({ m, n, k }) => {
    const [dy, w, residual] = [normal(m * k), normal(k * n), normal(m * n)];
    const panels = room(call().panelFloats(n, k));
    call().packRows(put(w), n * 4, panels, n, k);
    const dx = room(m * n);
    call().product(put(dy), k * 4, panels, k * 32, dx, n * 4, put(residual), m, n, k);
    const want = matmulOracle(dy, w, { m, n, k }, false, false).map((sum, i) => sum + residual[i]!);
    expectClose(read(dx, m * n), want);
  });

  test.each(sizes)('dW += dy^T x, $m x $n x $k', ({ m, n, k }) => {
    const [dy, x, before] = [normal(k * m), normal(k * n), normal(m * n)];
    const panels = room(call().panelFloats(n, k));
    call().packRows(put(x), n * 4, panels, n, k);
    const dw = put(before);
    call().transposedProduct(put(dy), m * 4, panels, dw, n * 4, dw, m, n, k);
    const want = matmulOracle(dy, x, { m, n, k }, true, false).map((sum, i) => sum + before[i]!);
    expectClose(read(dw, m * n), want);
  });

  test('rows lie as far apart as the strides say', () => {
    const [m, n, k] = [5, 11, 6];
    const [x, w] = [normal(m * k), normal(n * k)];
    const wide = Float32Array.from({ length: m * 9 }, (_, i) =>
      i % 9 < k ? x[Math.floor(i / 9) * k + (i % 9)]! : NaN,
    );
    const panels = room(call().panelFloats(n, k));
    call().packColumns(put(w), k * 4, panels, n, k);
    const y = room(m * 16);
    call().product(put(wide), 36, panels, k * 32, y, 64, 0, m, n, k);
    const want = matmulOracle(x, w, { m, n, k }, false, true);
    const got = read(y, m * 16);
    expectClose(
      got.filter((_, i) => i % 16 < n),
      want,
    );
    expect(got.filter((_, i) => i % 16 >= n)).toEqual(new Float32Array(m * (16 - n)));
  });

  test('a row’s result has the same bits whatever is computed beside it', () => {
    const [m, n, k] = [23, 45, 50];
    const x = normal(m * k);
    const panels = room(call().panelFloats(n, k));
    call().packColumns(put(normal(n * k)), k * 4, panels, n, k);
    const all = room(m * n);
    const rows = put(x);
    call().product(rows, k * 4, panels, k * 32, all, n * 4, 0, m, n, k);
    const alone = room(n);
    for (let row = 0; row < m; row++) {
      call().product(rows + row * k * 4, k * 4, panels, k * 32, alone, n * 4, 0, 1, n, k);
      expect(read(alone, n)).toEqual(read(all + row * n * 4, n));
    }
  });
});
