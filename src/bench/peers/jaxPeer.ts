/**
 * The decoder in jax-js (npm `@jax-js/jax`), on its WebAssembly backend: forward, backward and AdamW in one jitted step.
 *
 * It is written as its users would for speed: batches padded on the right, all rows of a batch in one matrix for every product, one-hot
 * products for the embedding and the targets (a gather has no gradient under `jit`). Attention is spelt out, because its
 * `dotProductAttention` needs iterator helpers, which Node 20 lacks. It has no threads in Node, and does SFT steps only. Every array
 * is counted: a function uses up its arguments, and `x.ref` is one more use of x.
 */
import type * as jaxModule from '@jax-js/jax';
import type { Array as JaxArray } from '@jax-js/jax';
import type { SftSequence } from '../../engine/engine.ts';
import { isDecayed, tensorShapes, type NamedTensors, type PolicyConfig } from '../../policy/config.ts';
import type { Now } from '../measure.ts';
import { optimizer } from '../workload.ts';
import { tokensOf, type Contestant, type ContestWork } from './contestant.ts';

type Jax = typeof jaxModule;
type Tensors = Record<string, JaxArray>;

/** What a step is told beside the weights. */
type Inputs = {
  tokens: JaxArray; // [rows, time]
  targets: JaxArray; // [rows, time]
  mask: JaxArray; // [rows, time]
  causal: JaxArray; // [time, time]
  cos: JaxArray; // [time, 1, headDim]
  sin: JaxArray; // [time, 1, headDim]
};

export async function createJaxPeer(config: PolicyConfig, now: Now): Promise<Contestant> {
  if (config.heads !== config.kvHeads) throw new Error('The jax-js peer has no grouped-query attention.');
  const jax = await import('@jax-js/jax');
  await jax.init('wasm');
  jax.defaultDevice('wasm');
  const { numpy: np } = jax;
  let state: { p: Tensors; m: Tensors; v: Tensors; steps: number } | null = null;
  const steps = new Map<string, ReturnType<typeof trainingStep>>();
  const stepOf = (rows: number, time: number) => {
    const key = `${rows}x${time}`;
    const known = steps.get(key) ?? trainingStep(jax, config, rows, time);
    steps.set(key, known);
    return known;
  };
  const free = () => {
    for (const tensors of state ? [state.p, state.m, state.v] : []) {
      for (const tensor of Object.values(tensors)) tensor.dispose();
    }
    state = null;
  };
  return {
    name: 'jax',
    label: 'jax-js on WebAssembly, 1 thread',
    does: (preset, kind) => kind === 'sft' && (preset === 'mini' || preset === 'nano'),
    load: (weights: NamedTensors) => {
      free();
      const p: Tensors = {};
      for (const [name, { shape, data }] of weights)
        p[name] = np.array(Float32Array.from(data)).reshape([...shape]);
      state = { p, m: zeros(jax, config), v: zeros(jax, config), steps: 0 };
      return Promise.resolve();
    },
    prepare: () => Promise.resolve(),
    run: async (work: ContestWork) => {
      if (work.kind !== 'sft' || !state)
        throw new Error('The jax-js peer does SFT steps, after it has weights.');
      const start = now();
      const rows = work.batch.length;
      const time = Math.max(...work.batch.map(({ tokens }) => tokens.length)) - 1;
      const { p, m, v, steps } = state;
      const corrections = [optimizer.beta1, optimizer.beta2].map((beta) => 1 - beta ** (steps + 1));
      const inputs = inputsOf(jax, config, work.batch, rows, time);
      const [newP, newM, newV, loss] = stepOf(rows, time)(p, m, v, np.array(corrections), inputs);
      state = { p: newP, m: newM, v: newV, steps: steps + 1 };
      const [value] = (await loss.data()) as Float32Array;
      await jax.blockUntilReady(newP);
      return { milliseconds: now() - start, loss: value!, tokens: tokensOf(work.batch) };
    },
    dispose: free,
  };
}

function zeros({ numpy: np }: Jax, config: PolicyConfig): Tensors {
  const shapes = [...tensorShapes(config)];
  return Object.fromEntries(shapes.map(([name, shape]) => [name, np.zeros([...shape])]));
}

function inputsOf(
  { numpy: np }: Jax,
  { headDim, ropeTheta }: PolicyConfig,
  batch: readonly SftSequence[],
  rows: number,
  time: number,
): Inputs {
  const padded = (valueOf: (sequence: SftSequence, t: number) => number | undefined, integers: boolean) => {
    const cells = new (integers ? Int32Array : Float32Array)(rows * time);
    batch.forEach((sequence, row) => {
      for (let t = 0; t < sequence.tokens.length - 1; t++) cells[row * time + t] = valueOf(sequence, t)!;
    });
    return np.array(cells).reshape([rows, time]);
  };
  const angles = (turn: (angle: number) => number) => {
    const half = headDim / 2;
    const table = Float32Array.from({ length: time * headDim }, (_, i) =>
      turn(Math.floor(i / headDim) * ropeTheta ** (-(i % half) / half)),
    );
    return np.array(table).reshape([time, 1, headDim]);
  };
  return {
    tokens: padded(({ tokens }, t) => tokens[t], true),
    targets: padded(({ tokens }, t) => tokens[t + 1], true),
    mask: padded(({ lossMask }, t) => lossMask[t + 1], false),
    causal: np.tri(time).astype(np.bool),
    cos: angles(Math.cos),
    sin: angles(Math.sin),
  };
}

/** The loss of a padded batch: mean cross-entropy of the tokens in the mask. */
function decoderLoss({ numpy: np, nn }: Jax, config: PolicyConfig, rows: number, time: number) {
  const { heads, headDim, vocabularySize } = config;
  const cells = rows * time;
  const linear = (x: JaxArray, weight: JaxArray) => np.matmul(x, weight.transpose());
  const rmsNorm = (x: JaxArray, weight: JaxArray) => {
    const rms = np.sqrt(np.mean(np.square(x.ref), -1, { keepdims: true }).add(config.rmsNormEps));
    return x.div(rms).mul(weight);
  };
  const rope = (x: JaxArray, { cos, sin }: Inputs) => {
    const [one, two] = np.split(x.ref, 2, -1) as [JaxArray, JaxArray];
    return x.mul(cos.ref).add(np.concatenate([two.neg(), one], -1).mul(sin.ref));
  };
  return (p: Tensors, inputs: Inputs): JaxArray => {
    const w = (name: string) => p[name]!;
    let x = np.matmul(
      nn.oneHot(inputs.tokens.reshape([cells]), vocabularySize),
      w('model.embed_tokens.weight'),
    );
    for (let layer = 0; layer < config.layers; layer++) {
      const at = (name: string) => w(`model.layers.${layer}.${name}.weight`);
      const h = rmsNorm(x.ref, at('input_layernorm'));
      const split = (name: string) =>
        linear(h.ref, at(`self_attn.${name}_proj`)).reshape([rows, time, heads, headDim]);
      const turned = (name: string) => rope(rmsNorm(split(name), at(`self_attn.${name}_norm`)), inputs);
      const q = np.transpose(turned('q'), [0, 2, 1, 3]);
      const k = np.transpose(turned('k'), [0, 2, 3, 1]);
      const v = np.transpose(split('v'), [0, 2, 1, 3]);
      h.dispose();
      const scores = np.matmul(q, k).mul(1 / Math.sqrt(headDim)); // [rows, heads, time, time]
      const attended = np.matmul(nn.softmax(np.where(inputs.causal.ref, scores, -1e9), -1), v);
      const joined = np.transpose(attended, [0, 2, 1, 3]).reshape([cells, heads * headDim]);
      x = x.add(linear(joined, at('self_attn.o_proj')));
      const h2 = rmsNorm(x.ref, at('post_attention_layernorm'));
      const gate = nn.silu(linear(h2.ref, at('mlp.gate_proj')));
      x = x.add(linear(gate.mul(linear(h2, at('mlp.up_proj'))), at('mlp.down_proj')));
    }
    for (const used of [inputs.causal, inputs.cos, inputs.sin]) used.dispose();
    const logProbs = nn.logSoftmax(linear(rmsNorm(x, w('model.norm.weight')), w('lm_head.weight')), -1);
    const targets = nn.oneHot(inputs.targets.reshape([cells]), vocabularySize);
    const chosen = logProbs
      .mul(targets)
      .sum(-1)
      .mul(inputs.mask.ref.reshape([cells]));
    return chosen.sum().neg().div(inputs.mask.sum());
  };
}

/** Gradients, clipped to a global norm, and AdamW: new weights and moments, and the loss before the step. */
function trainingStep(jax: Jax, config: PolicyConfig, rows: number, time: number) {
  const { numpy: np } = jax;
  const { learningRate, beta1, beta2, epsilon, weightDecay, maxGradNorm } = optimizer;
  const lossAndGradients = jax.valueAndGrad(decoderLoss(jax, config, rows, time));
  const shapes = tensorShapes(config);
  return jax.jit(
    (
      p: Tensors,
      m: Tensors,
      v: Tensors,
      corrections: JaxArray, // [2], 1 - beta ** step
      inputs: Inputs,
    ): [Tensors, Tensors, Tensors, JaxArray] => {
      const kept = Object.fromEntries(Object.entries(p).map(([name, x]) => [name, x.ref]));
      const [loss, gradients] = lossAndGradients(kept, inputs) as [JaxArray, Tensors];
      const squares = Object.values(gradients).map((g) => np.square(g.ref).sum());
      const norm = np.sqrt(squares.reduce((sum, square) => sum.add(square)));
      const clip = np.minimum(np.array(maxGradNorm).div(norm.add(1e-6)), 1);
      const [correction1, correction2] = np.split(corrections, 2, 0) as [JaxArray, JaxArray];
      const next: [Tensors, Tensors, Tensors] = [{}, {}, {}];
      for (const [name, shape] of shapes) {
        const g = gradients[name]!.mul(clip.ref);
        const newM = m[name]!.mul(beta1).add(g.ref.mul(1 - beta1));
        const newV = v[name]!.mul(beta2).add(np.square(g).mul(1 - beta2));
        const root = np.sqrt(newV.ref.div(correction2.ref)).add(epsilon);
        const change = newM.ref.div(correction1.ref).div(root).mul(learningRate);
        const decay = isDecayed(name, shape) ? weightDecay : 0;
        [next[0][name], next[1][name], next[2][name]] = [
          p[name]!.mul(1 - learningRate * decay).sub(change),
          newM,
          newV,
        ];
      }
      for (const used of [clip, correction1, correction2]) used.dispose();
      return [...next, loss];
    },
  );
}
