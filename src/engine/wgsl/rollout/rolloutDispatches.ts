/**
 * Rollouts as dispatches: one decoding step of the active slots, the prefill of tokens that are given, and the small
 * kernels between them.
 *
 * A token's key and value are the same numbers whichever list computed them: both lists are the same kernels on
 * rows of (token, position, slot), and attention reads every key from the cache.
 */
import type { PolicyConfig } from '../../../policy/config.ts';
import type { DispatchSpec } from '../kernels/dispatchList.ts';
import {
  attentionScale,
  chunkConstants,
  headConstants,
  vocabularyConstants,
  type ModelContext,
} from '../model/modelContext.ts';
import { attentionInput, attentionOutputAndFfn, embedding, headForward } from '../model/modelForward.ts';

/** One more token for every active slot. */
export function stepSpecs(c: ModelContext): DispatchSpec[] {
  const { config } = c;
  return [decodeBegin(c), ...layerSpecs(c, config.layers), ...headForward(c), sample(c)];
}

/** Keys and values of given tokens: every layer up to the last one's cache, whose attention nobody would read. */
export function prefillSpecs(c: ModelContext): DispatchSpec[] {
  const last = c.config.layers - 1;
  return [embedding(c), ...layerSpecs(c, last), ...attentionInput(c, last, true)];
}

function layerSpecs(c: ModelContext, layers: number): DispatchSpec[] {
  return Array.from({ length: layers }, (_, layer) => [
    ...attentionInput(c, layer, true),
    cachedAttention(c, layer),
    ...attentionOutputAndFfn(c, layer),
  ]).flat();
}

export function decodeBegin(c: ModelContext): DispatchSpec {
  const { embedding: table } = c.layout;
  return {
    kernel: { file: 'decodeBegin.wgsl', constants: { D: c.config.hiddenSize } },
    bindings: {
      table: { buffer: c.buffer('parameters'), offset: table.offset * 4, size: table.size * 4 },
      active_: c.buffer('active'),
      slots: c.buffer('slots'),
      tokens: c.buffer('tokens'),
      x: c.buffer('layer0.x'),
      batch: c.buffer('batch'),
    },
    x: { perRow: c.config.hiddenSize, groupSize: 256 },
  };
}

export function sample(c: ModelContext): DispatchSpec {
  return {
    kernel: { file: 'sample.wgsl', constants: vocabularyConstants(c.config) },
    bindings: {
      logits: c.buffer('logits'),
      active_: c.buffer('active'),
      stopKinds: c.buffer('stopKinds'),
      slots: c.buffer('slots'),
      output: c.buffer('output'),
      batch: c.buffer('batch'),
      rollout: c.buffer('rollout'),
    },
    x: { perRow: 1, groupSize: 64 },
  };
}

/** Each row against its slot's cache, its own key included. */
export function cachedAttention(c: ModelContext, layer: number): DispatchSpec {
  const { config } = c;
  const lanes = c.isSoftware ? 1 : 8; // a CPU rasteriser has nothing to gain from sharing one query's keys
  const threads = config.headDim > 48 ? 32 : 64; // the merge keeps threads * headDim floats in 16 KiB
  return {
    kernel: {
      file: 'cachedAttention.wgsl',
      constants: {
        ...chunkConstants(config),
        LANES: lanes,
        THREADS: threads,
        MERGES: lanes > 1,
      },
      floats: attentionScale(config),
    },
    bindings: {
      qk: c.buffer(`layer${layer}.qk`),
      tokens: c.buffer('tokens'),
      cacheK: c.buffer(`cacheK${layer}`),
      cacheV: c.buffer(`cacheV${layer}`),
      attended: c.buffer(`layer${layer}.attended`),
      batch: c.buffer('batch'),
      rollout: c.buffer('rollout'),
    },
    x: { perRow: config.heads * lanes, groupSize: threads },
  };
}

export function updateSpec(c: ModelContext): DispatchSpec {
  return {
    kernel: { file: 'slotUpdate.wgsl', constants: {} },
    bindings: { updates: c.buffer('updates'), slots: c.buffer('slots'), count: c.buffer('updateCount') },
    x: { perRow: 1, groupSize: 64 },
  };
}

/** Cached positions to other slots, in every layer. */
export function copySpecs(c: ModelContext): DispatchSpec[] {
  const { KV_HEADS, HEAD_DIM } = headConstants(c.config);
  return Array.from({ length: c.config.layers }, (_, layer) => ({
    kernel: { file: 'cacheCopy.wgsl', constants: { KV_HEADS, HEAD_DIM } },
    bindings: {
      copies: c.buffer('copies'),
      cacheK: c.buffer(`cacheK${layer}`),
      cacheV: c.buffer(`cacheV${layer}`),
      count: c.buffer('copyCount'),
    },
    x: { perRow: KV_HEADS, groupSize: 64 },
  }));
}

/** The context's buffers under the names that a list of dispatches asks for. */
export function rolloutContext(
  base: Pick<ModelContext, 'layout' | 'splits' | 'uniform' | 'isSoftware' | 'subgroupLanes'> & {
    readonly config: PolicyConfig;
  },
  capacity: number,
  buffer: (name: string) => GPUBuffer,
): ModelContext {
  // Nothing is kept for a backward pass, so all layers share the first one's buffers.
  const shared = (name: string) => name.replace(/^layer\d+/, 'layer0').replace(/^finalX$/, 'layer0.x');
  return { ...base, capacity, buffer: (name) => buffer(shared(name)) };
}
