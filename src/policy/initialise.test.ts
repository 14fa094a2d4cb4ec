import { expect, it } from 'vitest';
import { Random } from '../random/random.ts';
import { parameterCount, policyConfig, tensorShapes } from './config.ts';
import { initialiseTensors } from './initialise.ts';

function moments(data: Float32Array) {
  const mean = data.reduce((sum, x) => sum + x, 0) / data.length;
  return { mean, std: Math.sqrt(data.reduce((sum, x) => sum + (x - mean) ** 2, 0) / data.length) };
}

const config = policyConfig('nano', 60);

it("has the prototype's spreads", () => {
  const tensors = initialiseTensors(config, new Random(1));
  expect([...tensors].map(([name, { shape }]) => [name, shape])).toEqual([...tensorShapes(config)]);
  const residual = Math.sqrt(2 * config.layers);
  const spreads: [string, number][] = [
    ['model.embed_tokens.weight', 0.02],
    ['model.layers.0.self_attn.q_proj.weight', 1 / Math.sqrt(96)],
    ['model.layers.2.mlp.gate_proj.weight', 1 / Math.sqrt(96)],
    ['model.layers.1.self_attn.o_proj.weight', 1 / Math.sqrt(96) / residual],
    ['model.layers.1.mlp.down_proj.weight', 1 / Math.sqrt(256) / residual],
  ];
  for (const [name, expected] of spreads) {
    const { mean, std } = moments(tensors.get(name)?.data ?? new Float32Array());
    expect(Math.abs(std / expected - 1), name).toBeLessThan(0.05);
    expect(Math.abs(mean), name).toBeLessThan(0.1 * expected);
  }
  expect(tensors.get('model.layers.0.self_attn.q_norm.weight')?.data.every((x) => x === 1)).toBe(true);
  expect(tensors.get('lm_head.weight')?.data.every((x) => x === 0)).toBe(true);
});

it('depends on the seed and on the tensor alone', () => {
  const once = initialiseTensors(config, new Random(1));
  expect(initialiseTensors(config, new Random(1))).toEqual(once);
  const name = 'model.layers.0.self_attn.k_proj.weight';
  expect(initialiseTensors(config, new Random(2)).get(name)).not.toEqual(once.get(name));
  const deeper = initialiseTensors({ ...config, layers: 5 }, new Random(1));
  expect(deeper.get(name)).toEqual(once.get(name));
});

it('gives a tied policy no head', () => {
  const tied = { ...config, tieWordEmbeddings: true };
  const tensors = initialiseTensors(tied, new Random(1));
  expect(tensors.has('lm_head.weight')).toBe(false);
  let count = 0;
  for (const { data } of tensors.values()) count += data.length;
  expect(count).toBe(parameterCount(tied));
});
