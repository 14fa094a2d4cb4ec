/** Gradient sums, their norm and AdamW against float64. */
import { expect, test } from 'vitest';
import { expectClose } from '../../testing/kernelCases.ts';
import { describeKernels } from '../testing/openKernels.ts';

describeKernels('the optimizer', ({ normal, call, put, read }) => {
  const size = 192;

  test('slots are summed in order, and the norm is theirs', () => {
    const slots = normal(3 * size);
    const at = put(slots);
    call().sumGradients(at, 3, size);
    const want = Float32Array.from({ length: size }, (_, i) =>
      Math.fround(Math.fround(slots[i]! + slots[size + i]!) + slots[2 * size + i]!),
    );
    expect(read(at, size)).toEqual(want);
    const squares = want.reduce((sum, g) => sum + g * g, 0);
    expect(Math.abs(call().sumSquares(at, size) / squares - 1)).toBeLessThan(1e-12);
  });

  test('one step of AdamW, decay on the marked blocks only', () => {
    const [gradient, weights, m] = [normal(size), normal(size), normal(size)];
    const v = normal(size).map((x) => x * x);
    const held = { weights: put(weights), m: put(m), v: put(v) };
    const settings = { clip: 0.5, rate: 1e-2, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, decay: 0.1 };
    const [correction1, correction2] = [1 - 0.9 ** 3, 1 - 0.95 ** 3];
    call().adamW(
      put(gradient),
      put(Uint32Array.of(0, 1, 0)),
      held.weights,
      held.m,
      held.v,
      size,
      settings.clip,
      settings.rate,
      settings.beta1,
      settings.beta2,
      settings.epsilon,
      settings.decay,
      correction1,
      correction2,
    );
    const g = Float64Array.from(gradient, (x) => x * settings.clip);
    const first = g.map((x, i) => 0.9 * m[i]! + 0.1 * x);
    const second = g.map((x, i) => 0.95 * v[i]! + 0.05 * x * x);
    const want = first.map((x, i) => {
      const decay = i >= 64 && i < 128 ? settings.decay : 0;
      const update = x / correction1 / (Math.sqrt(second[i]! / correction2) + settings.epsilon);
      return weights[i]! * (1 - settings.rate * decay) - settings.rate * update;
    });
    expectClose(read(held.m, size), first);
    expectClose(read(held.v, size), second);
    expectClose(read(held.weights, size), want);
  });
});
