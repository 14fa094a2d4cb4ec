/**
 * A new policy's weights, from a seeded generator.
 *
 * Invariant: a tensor's numbers depend only on the seed and the tensor's own name (one fork each), so two sizes of
 * policy that share a tensor's name and shape share its start. The scheme:
 * embedding N(0, 0.02), matrices N(0, 1 / sqrt(fan in)), the two projections that write into the residual stream
 * divided by sqrt(2 layers) (GPT-2), norms 1, an untied head 0 so that the first loss is exactly ln(vocabulary).
 */
import type { Random } from '../random/random.ts';
import type { NamedTensor, NamedTensors, PolicyConfig } from './config.ts';
import { tensorShapes } from './config.ts';

const EMBEDDING_STD = 0.02;

/** Every tensor of `tensorShapes(config)`, freshly drawn from forks of `random`. */
export function initialiseTensors(config: PolicyConfig, random: Random): NamedTensors {
  const tensors = new Map<string, NamedTensor>();
  for (const [name, shape] of tensorShapes(config)) {
    const data = new Float32Array(shape.reduce((size, n) => size * n, 1));
    const std = standardDeviation(name, shape, config.layers);
    if (std === 'ones') data.fill(1);
    else if (std > 0) {
      const draws = random.fork('initialise', name);
      for (let i = 0; i < data.length; i++) data[i] = std * draws.normal();
    }
    tensors.set(name, { shape, data });
  }
  return tensors;
}

function standardDeviation(name: string, shape: readonly number[], layers: number): number | 'ones' {
  const fanIn = shape[1];
  if (fanIn === undefined) return 'ones'; // a norm's scale
  if (name === 'model.embed_tokens.weight') return EMBEDDING_STD;
  if (name === 'lm_head.weight') return 0;
  const writesResidual = name.endsWith('o_proj.weight') || name.endsWith('down_proj.weight');
  return 1 / Math.sqrt(fanIn) / (writesResidual ? Math.sqrt(2 * layers) : 1);
}
