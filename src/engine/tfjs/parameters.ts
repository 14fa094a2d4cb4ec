/**
 * The policy's tensors as the portable engine keeps them: one flat vector, cut into the matrices the forward pass wants.
 *
 * The flat vector holds every trained number exactly once, in `ParameterLayout.entries` order; AdamW, clipping and
 * gradient accumulation are then a handful of ops on one vector instead of a dozen per tensor. Matrices lie here as
 * [in, out] (x @ w needs no transpose, which WebAssembly multiplies ten times faster) and q and k share one matrix; checkpoints
 * and gradients leave under Hugging Face's names, [out, in] (`policy/config.ts`).
 */
import type { NamedTensor, NamedTensors, PolicyConfig } from '../../policy/config.ts';
import { isDecayed, tensorShapes } from '../../policy/config.ts';

/** One matrix or vector of the forward pass, and the checkpoint tensors it is made of. */
export interface ParameterEntry {
  readonly shape: readonly number[];
  readonly offset: number; // in the flat vector
  readonly size: number;
  readonly parts: readonly ParameterPart[];
}

/** A checkpoint tensor's place in an entry: its columns (a matrix, transposed) or its rows (a stack of vectors). */
interface ParameterPart {
  readonly name: string;
  readonly shape: readonly number[];
  readonly transposed: boolean;
  readonly start: number; // first column or row
}

/** Positions in `entries` of one layer's parameters. */
export interface LayerIndex {
  readonly inputNorm: number; // [dModel]
  readonly queryKey: number; // [dModel, (heads + kvHeads) * headDim]
  readonly value: number; // [dModel, kvHeads * headDim]
  readonly output: number; // [heads * headDim, dModel]
  readonly queryKeyNorm: number; // [2, headDim]
  readonly postNorm: number; // [dModel]
  readonly gate: number; // [dModel, dFfn]
  readonly up: number; // [dModel, dFfn]
  readonly down: number; // [dFfn, dModel]
}

export interface ParameterLayout {
  readonly entries: readonly ParameterEntry[];
  readonly size: number;
  readonly embedding: number; // [vocabulary, dModel]
  readonly layers: readonly LayerIndex[];
  readonly finalNorm: number; // [dModel]
  readonly head: number | null; // [dModel, vocabulary]; null when tied to the embedding
}

export function parameterLayout(config: PolicyConfig): ParameterLayout {
  const shapes = tensorShapes(config);
  const entries: ParameterEntry[] = [];
  let offset = 0;
  const add = (shape: readonly number[], parts: readonly ParameterPart[]) => {
    const size = shape.reduce((product, n) => product * n, 1);
    entries.push({ shape, offset, size, parts });
    offset += size;
    return entries.length - 1;
  };
  const shapeOf = (name: string) => shapes.get(name)!;
  const asStored = (name: string) =>
    add(shapeOf(name), [{ name, shape: shapeOf(name), transposed: false, start: 0 }]);
  const columns = (...names: [string, ...string[]]) => {
    let start = 0;
    const parts: ParameterPart[] = [];
    for (const name of names) {
      parts.push({ name, shape: shapeOf(name), transposed: true, start });
      start += shapeOf(name)[0]!;
    }
    return add([shapeOf(names[0])[1]!, start], parts);
  };
  const rows = (...names: [string, ...string[]]) =>
    add(
      [names.length, shapeOf(names[0])[0]!],
      names.map((name, start) => ({ name, shape: shapeOf(name), transposed: false, start })),
    );
  const embedding = asStored('model.embed_tokens.weight');
  const layers = Array.from({ length: config.layers }, (_, layer): LayerIndex => {
    const prefix = `model.layers.${layer}.`;
    return {
      inputNorm: asStored(`${prefix}input_layernorm.weight`),
      queryKey: columns(`${prefix}self_attn.q_proj.weight`, `${prefix}self_attn.k_proj.weight`),
      value: columns(`${prefix}self_attn.v_proj.weight`),
      output: columns(`${prefix}self_attn.o_proj.weight`),
      queryKeyNorm: rows(`${prefix}self_attn.q_norm.weight`, `${prefix}self_attn.k_norm.weight`),
      postNorm: asStored(`${prefix}post_attention_layernorm.weight`),
      gate: columns(`${prefix}mlp.gate_proj.weight`),
      up: columns(`${prefix}mlp.up_proj.weight`),
      down: columns(`${prefix}mlp.down_proj.weight`),
    };
  });
  const finalNorm = asStored('model.norm.weight');
  const head = config.tieWordEmbeddings ? null : columns('lm_head.weight');
  return { entries, size: offset, embedding, layers, finalNorm, head };
}

/** Calls `visit(flatIndex, tensorIndex)` for every number of a part. */
function forEachNumber(
  entry: ParameterEntry,
  part: ParameterPart,
  visit: (flatIndex: number, tensorIndex: number) => void,
): void {
  const width = entry.shape[1] ?? 1;
  if (!part.transposed) {
    const size = part.shape.reduce((product, n) => product * n, 1);
    const start = entry.offset + part.start * size; // a stack's rows are whole vectors
    for (let i = 0; i < size; i++) visit(start + i, i);
    return;
  }
  const [outputs, inputs] = part.shape as [number, number];
  for (let input = 0; input < inputs; input++) {
    const start = entry.offset + input * width + part.start;
    for (let output = 0; output < outputs; output++) visit(start + output, output * inputs + input);
  }
}

/** Named tensors -> the flat vector. Throws when a name or shape is not `tensorShapes(config)`'s. */
export function flatten(layout: ParameterLayout, tensors: NamedTensors): Float32Array {
  const flat = new Float32Array(layout.size);
  let used = 0;
  for (const entry of layout.entries) {
    for (const part of entry.parts) {
      const tensor = tensors.get(part.name);
      if (!tensor) throw new Error(`The tensor "${part.name}" is missing.`);
      if (tensor.shape.join() !== part.shape.join()) {
        throw new Error(
          `The tensor "${part.name}" has shape [${tensor.shape.join(', ')}], expected [${part.shape.join(', ')}].`,
        );
      }
      const { data } = tensor;
      forEachNumber(entry, part, (flatIndex, tensorIndex) => {
        flat[flatIndex] = data[tensorIndex]!;
      });
      used++;
    }
  }
  if (used !== tensors.size) throw new Error('There are tensors here that the policy does not have.');
  return flat;
}

/** The flat vector -> named tensors, in checkpoint order. */
export function unflatten(layout: ParameterLayout, config: PolicyConfig, flat: Float32Array): NamedTensors {
  const tensors = new Map<string, NamedTensor>();
  for (const [name, shape] of tensorShapes(config)) {
    tensors.set(name, { shape, data: new Float32Array(shape.reduce((product, n) => product * n, 1)) });
  }
  for (const entry of layout.entries) {
    for (const part of entry.parts) {
      const data = tensors.get(part.name)?.data;
      if (!data) throw new Error(`The layout names a tensor the policy does not have: "${part.name}".`);
      forEachNumber(entry, part, (flatIndex, tensorIndex) => {
        data[tensorIndex] = flat[flatIndex]!;
      });
    }
  }
  return tensors;
}

/** 1 where AdamW's weight decay applies, else 0. // [size] */
export function decayMask(layout: ParameterLayout): Float32Array {
  const mask = new Float32Array(layout.size);
  for (const entry of layout.entries) {
    const decayed = entry.parts.every((part) => isDecayed(part.name, part.shape));
    if (decayed) mask.fill(1, entry.offset, entry.offset + entry.size);
  }
  return mask;
}
