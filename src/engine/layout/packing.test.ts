import { describe, expect, test } from 'vitest';
import { policyConfig, tensorShapes } from '../../policy/config.ts';
import { initialiseTensors } from '../../policy/initialise.ts';
import { Random } from '../../random/random.ts';
import { groupByCapacity, packSequences, writeTargets } from './packing.ts';
import { flattenTensors, namedTensors, parameterLayout } from './parameterLayout.ts';

describe('packing', () => {
  test('groups greedily in order and never splits a sequence', () => {
    expect(groupByCapacity([3, 0, 4, 2, 6, 1], 7)).toEqual([[0, 2], [3], [4, 5]]);
    expect(() => groupByCapacity([8], 7)).toThrow(/longer than/);
  });

  test('rows know their segment; targets lie one row before their token', () => {
    const sequences = [
      { tokens: Int32Array.of(4, 1, 4), lossMask: Uint8Array.of(1, 0, 1) },
      { tokens: Int32Array.of(2), lossMask: Uint8Array.of(1) },
      { tokens: Int32Array.of(1, 0), lossMask: Uint8Array.of(0, 1) },
    ];
    const micro = packSequences(sequences, [0, 2], 5);
    expect([...micro.tokens]).toEqual([4, 0, 0, 3, 1, 1, 0, 3, 4, 2, 0, 3, 1, 0, 3, 5, 0, 1, 3, 5]);
    expect([...micro.order]).toEqual([4, 1, 3, 0, 2]);
    expect([...micro.firstRow]).toEqual([0, 1, 3, 3, 3, 5]);
    writeTargets(micro, { kind: 'sft', sequences });
    expect(Array.from({ length: 5 }, (_, row) => micro.targets[row * 8])).toEqual([0, 1, 0, 1, 0]);
    expect(() => packSequences(sequences, [0], 4)).toThrow(/outside the vocabulary/);
  });
});

describe('the parameter layout', () => {
  test.each([true, false])('places every tensor once, groups aligned, tied head %s', (tieWordEmbeddings) => {
    const config = { ...policyConfig('micro', 23), hiddenSize: 20, headDim: 6, tieWordEmbeddings };
    const layout = parameterLayout(config);
    expect([...layout.tensors.keys()].sort()).toEqual([...tensorShapes(config).keys()].sort());
    const taken = new Uint8Array(layout.size);
    for (const { offset, size } of layout.tensors.values()) {
      for (let i = offset; i < offset + size; i++) taken[i] = taken[i]! + 1;
    }
    expect(Math.max(...taken)).toBe(1);
    for (const group of [
      layout.embedding,
      layout.finalNorm,
      layout.head,
      ...layout.layers.flatMap((l) => [l.inputNorm, l.qkv, l.qkNorm, l.output, l.postNorm, l.gateUp, l.down]),
    ]) {
      expect(group.offset % 64).toBe(0);
    }
    const place = layout.tensors.get('model.layers.0.mlp.up_proj.weight');
    const norm = layout.tensors.get('model.norm.weight');
    expect(layout.decayedBlocks[Math.floor((place?.offset ?? 0) / 64)]).toBe(1);
    expect(layout.decayedBlocks[Math.floor((norm?.offset ?? 0) / 64)]).toBe(0);
    expect(layout.decayedBlocks[0]).toBe(0); // the embedding
    const tensors = initialiseTensors(config, new Random(1));
    expect(namedTensors(layout, config, flattenTensors(layout, tensors))).toEqual(tensors);
  });
});
