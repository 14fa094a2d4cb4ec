/** The row-wise kernels against float64, and their gradients against central differences; odd widths leave lanes over. */
import { expect, test } from 'vitest';
import { expectClose, packed } from '../../testing/kernelCases.ts';
import { differentiate, qkNormRopeOracle, rmsNormOracle, swigluOracle } from '../../testing/oracle.ts';
import { ropeTable } from '../../layout/ropeTable.ts';
import { describeKernels } from '../testing/openKernels.ts';

const epsilon = 1e-3;

describeKernels('layers', ({ random, normal, call, put, room, read }) => {
  test('embedding and its gradient', () => {
    const [vocabulary, d] = [5, 7];
    const { rows, tokens } = packed([3, 1, 6], random, vocabulary);
    const [table, dx, before] = [normal(vocabulary * d), normal(rows * d), normal(vocabulary * d)];
    const at = put(tokens);
    const x = room(rows * d);
    call().embedding(put(table), at, x, rows, d);
    const ids = Array.from({ length: rows }, (_, row) => tokens[row * 4]!);
    const want = Float32Array.from(
      { length: rows * d },
      (_, i) => table[ids[Math.floor(i / d)]! * d + (i % d)]!,
    );
    expect(read(x, rows * d)).toEqual(want);
    const dTable = put(before);
    call().embeddingBackward(put(dx), at, dTable, rows, d);
    const sums = Float64Array.from(before);
    dx.forEach((slope, i) => (sums[ids[Math.floor(i / d)]! * d + (i % d)]! += slope));
    expectClose(read(dTable, vocabulary * d), sums);
  });

  test.each([
    { rows: 1, d: 1 },
    { rows: 3, d: 6 },
    { rows: 2, d: 16 },
    { rows: 5, d: 23 },
  ])('RMSNorm and its gradients: $rows rows of $d', ({ rows, d }) => {
    const [x, weight, dy, dx, dWeight] = [
      normal(rows * d),
      normal(d),
      normal(rows * d),
      normal(rows * d),
      normal(d),
    ];
    const held = { x: put(x), weight: put(weight), dy: put(dy), dx: put(dx), dWeight: put(dWeight) };
    const [y, inverseRms] = [room(rows * d), room(rows)];
    call().rmsNorm(held.x, held.weight, y, inverseRms, rows, d, epsilon);
    expectClose(read(y, rows * d), rmsNormOracle(x, weight, d, epsilon));
    const backward = (add: number) =>
      call().rmsNormBackward(held.dy, held.x, held.weight, inverseRms, held.dx, held.dWeight, rows, d, add);
    const slopes = differentiate((p) => rmsNormOracle(p, weight, d, epsilon), x, dy);
    backward(1);
    expectClose(
      read(held.dx, rows * d),
      slopes.map((slope, i) => slope + dx[i]!),
      1e-4,
    );
    const dWant = differentiate((p) => rmsNormOracle(x, p, d, epsilon), weight, dy);
    expectClose(
      read(held.dWeight, d),
      dWant.map((slope, i) => slope + dWeight[i]!),
      1e-4,
    );
    backward(0);
    expectClose(read(held.dx, rows * d), slopes, 1e-4);
  });

  test.each([
    { heads: 1, kvHeads: 1, headDim: 2 },
    { heads: 4, kvHeads: 2, headDim: 6 },
    { heads: 2, kvHeads: 1, headDim: 16 },
    { heads: 3, kvHeads: 3, headDim: 28 },
  ])('q/k norm with RoPE and its gradients: $heads/$kvHeads heads of $headDim', (shape) => {
    const { heads, kvHeads, headDim } = shape;
    const { rows, tokens, positions } = packed([4, 1, 3], random);
    const theta = 100;
    const width = (heads + 2 * kvHeads) * headDim;
    const turned = (heads + kvHeads) * headDim;
    const [qkv, weight, dQk, dWeight] = [
      normal(rows * width),
      normal(2 * headDim),
      normal(rows * turned),
      normal(2 * headDim),
    ];
    const held = {
      qkv: put(qkv),
      weight: put(weight),
      rope: put(ropeTable(8, headDim, theta)),
      tokens: put(tokens),
      dWeight: put(dWeight),
    };
    const [qk, inverseRms] = [room(rows * turned), room(rows * (heads + kvHeads))];
    const { rope, tokens: at } = held;
    call().qkNormRope(
      held.qkv,
      held.weight,
      rope,
      at,
      qk,
      inverseRms,
      rows,
      heads,
      kvHeads,
      headDim,
      epsilon,
    );
    const turn = (p: ArrayLike<number>, w: ArrayLike<number>) =>
      qkNormRopeOracle(p, w, positions, shape, theta, epsilon);
    expectClose(read(qk, rows * turned), turn(qkv, weight));
    // The gradient comes in place of q and k; v's part passes through.
    const dV = normal(rows * width);
    const incoming = dV.map((slope, i) =>
      i % width < turned ? dQk[Math.floor(i / width) * turned + (i % width)]! : slope,
    );
    const dQkv = put(incoming);
    call().qkNormRopeBackward(
      held.qkv,
      held.weight,
      rope,
      at,
      inverseRms,
      dQkv,
      held.dWeight,
      rows,
      heads,
      kvHeads,
      headDim,
    );
    const slopes = differentiate((p) => turn(p, weight), qkv, dQk);
    expectClose(
      read(dQkv, rows * width),
      slopes.map((slope, i) => (i % width < turned ? slope : incoming[i]!)),
      1e-4,
    );
    const dWant = differentiate((p) => turn(qkv, p), weight, dQk);
    expectClose(
      read(held.dWeight, 2 * headDim),
      dWant.map((slope, i) => slope + dWeight[i]!),
      1e-4,
    );
  });

  test.each([
    { rows: 1, width: 1 },
    { rows: 3, width: 7 },
    { rows: 2, width: 16 },
  ])('SwiGLU and its gradient: $rows rows of $width', ({ rows, width }) => {
    const gateUp = normal(rows * 2 * width).map((z) => 4 * z);
    const dActivation = normal(rows * width);
    const held = put(gateUp);
    const [activation, dGateUp] = [room(rows * width), room(rows * 2 * width)];
    call().swiglu(held, activation, rows, width);
    expectClose(read(activation, rows * width), swigluOracle(gateUp, width));
    call().swigluBackward(held, put(dActivation), dGateUp, rows, width);
    const want = differentiate((p) => swigluOracle(p, width), gateUp, dActivation);
    expectClose(read(dGateUp, rows * 2 * width), want, 1e-4);
  });

  test('a gate far from zero neither overflows nor becomes NaN', () => {
    const gateUp = Float32Array.of(-1000, -88, 88, 1000, 1, 1, 1, 1);
    const activation = room(4);
    call().swiglu(put(gateUp), activation, 1, 4);
    const [low, small, large, high] = read(activation, 4);
    expect(Math.abs(low!)).toBe(0);
    expect(Math.abs(small!)).toBeLessThan(1e-30);
    expect([large, high]).toEqual([88, 1000]);
  });
});
