/** Attention within a sequence and against a cache, against float64; gradients against central differences. */
import { expect, test } from 'vitest';
import { expectClose } from '../../testing/kernelCases.ts';
import { attentionOracle, differentiate, type Numbers } from '../../testing/oracle.ts';
import { describeKernels } from '../testing/openKernels.ts';

const shapes = [
  { length: 1, heads: 1, kvHeads: 1, headDim: 2 },
  { length: 7, heads: 4, kvHeads: 2, headDim: 6 },
  { length: 18, heads: 2, kvHeads: 1, headDim: 4 },
  { length: 16, heads: 2, kvHeads: 2, headDim: 8 },
];
const longer = [
  { length: 65, heads: 3, kvHeads: 1, headDim: 12 },
  { length: 37, heads: 4, kvHeads: 4, headDim: 28 },
  { length: 50, heads: 2, kvHeads: 1, headDim: 48 },
];

describeKernels('attention', ({ normal, call, put, room, read }) => {
  const floats = ({ length, heads, kvHeads, headDim }: (typeof shapes)[number]) => ({
    qk: length * (heads + kvHeads) * headDim,
    qkv: length * (heads + 2 * kvHeads) * headDim,
    out: length * heads * headDim,
  });
  const starts = (length: number) => new Array<number>(length).fill(0);

  test.each([...shapes, ...longer])('$length tokens, $heads/$kvHeads heads of $headDim', (shape) => {
    const { length, heads, kvHeads, headDim } = shape;
    const size = floats(shape);
    const [qk, qkv, dAttended] = [normal(size.qk), normal(size.qkv), normal(size.out)];
    const held = { qk: put(qk), qkv: put(qkv), dAttended: put(dAttended) };
    const [attended, softmax] = [room(size.out), room(length * heads * 2)];
    const scratch = room(call().attentionScratchFloats(length, headDim));
    call().attention(held.qk, held.qkv, attended, softmax, length, heads, kvHeads, headDim, scratch);
    const attend = (p: Numbers, v: Numbers) => attentionOracle(p, v, starts(length), shape);
    expectClose(read(attended, size.out), attend(qk, qkv), 5e-5);
    if (length > 20) return;
    // What lay there before, and in the scratch, does not matter.
    const dQkv = put(normal(size.qkv));
    call().attentionBackward(
      held.qk,
      held.qkv,
      softmax,
      held.dAttended,
      dQkv,
      length,
      heads,
      kvHeads,
      headDim,
      scratch,
    );
    const dTurned = differentiate((p) => attend(p, qkv), qk, dAttended);
    const dValues = differentiate((v) => attend(qk, v), qkv, dAttended);
    const [width, turned] = [(heads + 2 * kvHeads) * headDim, (heads + kvHeads) * headDim];
    const want = dValues.map((slope, i) =>
      i % width < turned ? dTurned[Math.floor(i / width) * turned + (i % width)]! : slope,
    );
    expectClose(read(dQkv, size.qkv), want, 2e-4);
  });

  test.each(longer)('the gradient over several blocks: $length tokens, $heads/$kvHeads heads', (shape) => {
    // Along one direction: too many numbers for central differences one by one.
    const { length, heads, kvHeads, headDim } = shape;
    const size = floats(shape);
    const [qk, qkv, dAttended] = [normal(size.qk), normal(size.qkv), normal(size.out)];
    const [along, alongV] = [normal(size.qk), normal(size.qkv)];
    const held = { qk: put(qk), qkv: put(qkv) };
    const [attended, softmax, dQkv] = [room(size.out), room(length * heads * 2), room(size.qkv)];
    const scratch = room(call().attentionScratchFloats(length, headDim));
    call().attention(held.qk, held.qkv, attended, softmax, length, heads, kvHeads, headDim, scratch);
    call().attentionBackward(
      held.qk,
      held.qkv,
      softmax,
      put(dAttended),
      dQkv,
      length,
      heads,
      kvHeads,
      headDim,
      scratch,
    );
    const lossAt = (by: number) => {
      const out = attentionOracle(
        Float64Array.from(qk, (x, i) => x + by * along[i]!),
        Float64Array.from(qkv, (x, i) => x + by * alongV[i]!),
        starts(length),
        shape,
      );
      return out.reduce((sum, x, i) => sum + x * dAttended[i]!, 0);
    };
    const want = (lossAt(1e-5) - lossAt(-1e-5)) / 2e-5;
    const [width, turned] = [(heads + 2 * kvHeads) * headDim, (heads + kvHeads) * headDim];
    let got = 0;
    read(dQkv, size.qkv).forEach((slope, i) => {
      const row = Math.floor(i / width);
      got += slope * (i % width < turned ? along[row * turned + (i % width)]! : alongV[i]!);
    });
    expect(Math.abs(got - want)).toBeLessThan(1e-3 * Math.max(1, Math.abs(want)));
  });

  test.each([...shapes, ...longer])(
    'against a cache, in two slots: $length tokens, $heads/$kvHeads heads of $headDim',
    (shape) => {
      const { length, heads, kvHeads, headDim } = shape;
      const size = floats(shape);
      const [slots, positions] = [3, Math.ceil(length / 8) * 8];
      const keys = room(slots * call().keyFloats(positions, kvHeads, headDim));
      const values = room(slots * call().valueFloats(positions, kvHeads, headDim));
      const [attended, scratch] = [room(size.out), room(positions)];
      const [qk, qkv] = [normal(size.qk), normal(size.qkv)];
      const want = attentionOracle(qk, qkv, starts(length), shape);
      const held = { qk: put(qk), qkv: put(qkv) };
      const rowsOf = (slot: number) =>
        put(Uint32Array.from({ length: length * 4 }, (_, i) => [0, Math.floor(i / 4), slot, 0][i % 4]!));
      const attend = (slot: number) => {
        call().cachedAttention(
          held.qk,
          rowsOf(slot),
          keys,
          values,
          attended,
          length,
          positions,
          heads,
          kvHeads,
          headDim,
          scratch,
        );
        return read(attended, size.out);
      };
      call().appendToCache(
        held.qk,
        held.qkv,
        rowsOf(1),
        keys,
        values,
        length,
        positions,
        heads,
        kvHeads,
        headDim,
      );
      expectClose(attend(1), want, 5e-5);
      call().copyInCache(keys, values, 1, 2, length, positions, kvHeads, headDim);
      expectClose(attend(2), want, 5e-5);
      expect(read(keys, call().keyFloats(positions, kvHeads, headDim)).every((x) => x === 0)).toBe(true);
    },
  );
});
