/**
 * The rollouts' own kernels against plain loops at odd sizes: where a step begins, keys and values into the cache, attention over
 * it, copies from slot to slot, updates. (The sampler has a file of its own; matmul, norms and embedding are training's.)
 */
import { expect, test } from 'vitest';
import { policyConfig, type PolicyConfig } from '../../../policy/config.ts';
import type { HostArray } from './kernelHarness.ts';
import { describeKernels, expectClose } from '../testing/kernelTesting.ts';
import { attentionInput } from '../model/modelForward.ts';
import { attentionOracle, matmulOracle, qkNormRopeOracle, rmsNormOracle } from '../testing/oracle.ts';
import { parameterLayout } from '../../layout/parameterLayout.ts';
import { cachedAttention, copySpecs, decodeBegin, updateSpec } from '../rollout/rolloutDispatches.ts';
import { ropeTable } from '../../layout/ropeTable.ts';

const rollout = (stride: number) => ({ rollout: Uint32Array.of(1, stride, stride, 32, 0, 0, 0, 0) });

describeKernels('rollout', ({ harness, random, normal, context }) => {
  const floats = (n: number) => new Float32Array(n);

  test.each([
    { heads: 1, kvHeads: 1, headDim: 2, lengths: [1], newRows: [1] },
    { heads: 4, kvHeads: 2, headDim: 6, lengths: [3, 7, 1], newRows: [1, 1, 1] },
    { heads: 3, kvHeads: 1, headDim: 12, lengths: [65, 33, 7, 5], newRows: [33, 1, 7, 3] },
    { heads: 2, kvHeads: 2, headDim: 16, lengths: [33, 3], newRows: [1, 2] },
    { heads: 2, kvHeads: 1, headDim: 64, lengths: [9, 17], newRows: [4, 17] },
  ])(
    'k and v into the cache, attention over it: $heads/$kvHeads heads of $headDim, slots of $lengths tokens, the last $newRows new',
    async ({ lengths, newRows, ...shape }) => {
      const { heads, kvHeads, headDim } = shape;
      const config: PolicyConfig = { ...policyConfig('micro', 5), ...shape, hiddenSize: 8, layers: 1 };
      const layout = parameterLayout(config);
      const group = layout.layers[0];
      if (!group) throw new Error('one layer expected');
      const parameters = normal(layout.size);
      const of = (place: { offset: number; size: number }) =>
        parameters.slice(place.offset, place.offset + place.size);
      const [dKey, dQkv] = [kvHeads * headDim, (heads + 2 * kvHeads) * headDim];
      const stride = 67;
      // Slots are not in the order of the rows, and one more slot exists that no row may touch.
      const slotOf = lengths.map((_, i) => lengths.length - i);
      const cacheK = normal((lengths.length + 1) * stride * dKey);
      const cacheV = normal(cacheK.length);
      const wantK = cacheK.slice();
      const wantV = cacheV.slice();
      const x: number[] = [];
      const rows: number[] = [];
      const wanted: number[] = [];
      lengths.forEach((length, i) => {
        const fresh = newRows[i]!;
        const slot = slotOf[i]!;
        const positions = Array.from({ length }, (_, t) => t);
        const all = normal(length * 8);
        const normed = rmsNormOracle(all, of(group.inputNorm), 8, config.rmsNormEps);
        const qkv = matmulOracle(normed, of(group.qkv), { m: length, n: dQkv, k: 8 }, false, true);
        const weight = parameters.slice(group.qkNorm.offset, group.qkNorm.offset + 2 * headDim);
        const qk = qkNormRopeOracle(qkv, weight, positions, shape, config.ropeTheta, config.rmsNormEps);
        const attended = attentionOracle(
          qk,
          qkv,
          positions.map(() => 0),
          shape,
        );
        for (let t = 0; t < length; t++) {
          const isNew = t >= length - fresh;
          for (let j = 0; j < dKey; j++) {
            const at = (slot * stride + t) * dKey + j;
            wantK[at] = qk[t * (heads + kvHeads) * headDim + heads * headDim + j]!;
            wantV[at] = qkv[t * dQkv + (heads + kvHeads) * headDim + j]!;
            if (isNew) continue;
            cacheK[at] = wantK[at]!;
            cacheV[at] = wantV[at]!;
          }
          if (!isNew) continue;
          rows.push(0, t, slot, 0);
          x.push(...all.subarray(t * 8, t * 8 + 8));
          wanted.push(...attended.subarray(t * heads * headDim, (t + 1) * heads * headDim));
        }
      });
      const count = rows.length / 4;
      const storage: Record<string, HostArray> = {
        parameters,
        tokens: Uint32Array.from(rows),
        'layer0.x': Float32Array.from(x),
        'layer0.normed': floats(count * 8),
        'layer0.inverseRms': floats(count),
        'layer0.qkv': floats(count * dQkv),
        'layer0.qk': floats(count * (heads + kvHeads) * headDim),
        'layer0.attended': floats(count * heads * headDim),
        rope: ropeTable(stride, headDim, config.ropeTheta),
        cacheK0: cacheK,
        cacheV0: cacheV,
      };
      const out = await harness().run(
        storage,
        { rows: count },
        (buffer, uniform) => {
          const c = context(config, 1, buffer, uniform);
          return [...attentionInput(c, 0, true), cachedAttention(c, 0)];
        },
        rollout(stride),
      );
      expectClose(out['cacheK0'], wantK, 5e-5);
      expectClose(out['cacheV0'], wantV, 5e-5);
      expectClose(out['layer0.attended'], wanted, 5e-5);
    },
  );

  test.each([1, 3, 7, 33, 65])('a step begins at the newest token of %d slots', async (rows) => {
    const config = { ...policyConfig('micro', 65), hiddenSize: rows };
    const layout = parameterLayout(config);
    const parameters = normal(layout.size);
    const slots = Uint32Array.from({ length: (rows + 2) * 4 }, () => random.integer(0, 64));
    const active = Uint32Array.from({ length: rows }, (_, r) => rows + 1 - r);
    const out = await harness().run(
      { parameters, active, slots, tokens: floats(rows * 4), 'layer0.x': floats(rows * rows) },
      { rows },
      (buffer, uniform) => [decodeBegin(context(config, 1, buffer, uniform))],
    );
    const table = layout.embedding.offset;
    const embedded = [...active].flatMap((slot) => {
      const at = table + slots[slot * 4]! * rows;
      return [...parameters.subarray(at, at + rows)];
    });
    expect([...(out['layer0.x'] ?? [])]).toEqual(embedded);
    const places = [...active].flatMap((slot) => [slots[slot * 4]!, slots[slot * 4 + 1]!, slot, 0]);
    expect([...words(out['tokens'])]).toEqual(places);
  });

  test.each([1, 3, 7, 33, 65])('%d cached positions to other slots, in every layer', async (count) => {
    const config = { ...policyConfig('micro', 5), layers: 3, kvHeads: 3, heads: 3, headDim: 2 };
    const stride = 67;
    const caches = Object.fromEntries(
      [0, 1, 2].flatMap((layer) => [
        [`cacheK${layer}`, normal(2 * stride * 6)],
        [`cacheV${layer}`, normal(2 * stride * 6)],
      ]),
    );
    const copies = Uint32Array.from({ length: count * 2 }, (_, i) => Math.floor(i / 2) + (i % 2) * stride);
    const out = await harness().run(
      { ...caches, copies },
      { rows: count },
      (buffer, uniform) => copySpecs(context(config, 1, buffer, uniform)),
      { copyCount: Uint32Array.of(count, 0, 0, 0) },
    );
    for (const [name, before] of Object.entries(caches)) {
      const want = before.slice();
      want.copyWithin(stride * 6, 0, count * 6);
      expect(out[name]).toEqual(want);
    }
  });

  test.each([1, 3, 7, 33, 65])('%d updates reach their slots and no other', async (count) => {
    const slots = Uint32Array.from({ length: 2 * count * 4 }, () => random.integer(0, 1000));
    const updates = new Uint32Array(count * 8);
    const want = slots.slice();
    for (let i = 0; i < count; i++) {
      const slot = Uint32Array.from({ length: 4 }, () => random.integer(0, 1000));
      updates.set([...slot, 2 * i + 1], i * 8);
      want.set(slot, (2 * i + 1) * 4);
    }
    const out = await harness().run(
      { updates, slots },
      { rows: count },
      (buffer, uniform) => [updateSpec(context(policyConfig('micro', 5), 1, buffer, uniform))],
      { updateCount: Uint32Array.of(count, 0, 0, 0) },
    );
    expect(words(out['slots'])).toEqual(want);
  });
});

/** What was written as integers. */
function words(read: Float32Array | undefined): Uint32Array {
  if (!read) throw new Error('The kernel left nothing.');
  return new Uint32Array(read.buffer, read.byteOffset, read.length);
}
