// Rollouts: the prefill of given tokens, and decoding steps of the slots that run.
//
// A row is a token of a slot at a position; attention reads every key from the slot's cache, so a token's key and value are the same
// numbers whether it was given or sampled, and rows may be cut into lots anywhere.
import { cachedAttention } from '../kernels/cachedAttention';
import { TOKEN_BYTES } from '../kernels/embedding';
import { appendToCache, copyInCache, keyFloats, valueFloats } from '../kernels/keyValueCache';
import { sampleToken, uniformAt } from '../kernels/sample';
import { words } from '../memory';
import { attentionInput, attentionOutputAndFfn, embed, head } from './forward';
import { Model } from './model';
import { Weights } from './train';
import { layerActivations, Workspace } from './workspace';

/** Statuses of a slot; `stopKinds` has TURN and ENDED for the tokens that stop it. */
const RUNNING: i32 = 1;
const FULL: i32 = 4;

/** Bytes of a slot: newest token (not yet in the cache), its position, the sequence's number, status. */
const SLOT_BYTES: usize = 16;

@unmanaged
export class Rollout {
  model: usize;
  weights: usize;
  slots: usize; // [slots, 4]
  keys: usize; // [layers, slots, ...], see keyValueCache.ts
  values: usize; // the same
  stopKinds: usize; // [vocabulary]: 0, or the status that the token gives
  output: usize; // [slots, chunk, 2]: token and log-probability of position p at p modulo chunk
  slotCount: i32;
  positions: i32; // a multiple of eight
  chunk: i32;
  seed: u32;
  context: i32; // longest sequence
  temperature: f32;
  topP: f64;
}

export function createRollout(
  model: usize,
  weights: usize,
  slots: usize,
  keys: usize,
  values: usize,
  stopKinds: usize,
  output: usize,
  slotCount: i32,
  positions: i32,
  chunk: i32,
  seed: u32,
  context: i32,
  temperature: f32,
  topP: f64,
): usize {
  const r = new Rollout();
  r.model = model;
  r.weights = weights;
  r.slots = slots;
  r.keys = keys;
  r.values = values;
  r.stopKinds = stopKinds;
  r.output = output;
  r.slotCount = slotCount;
  r.positions = positions;
  r.chunk = chunk;
  r.seed = seed;
  r.context = context;
  r.temperature = temperature;
  r.topP = topP;
  return changetype<usize>(r);
}

/** Floats of one layer's keys for one slot, and of its values: what the host allocates `slots * layers` times. */
export function cacheKeyFloats(model: usize, positions: i32): i32 {
  const m = changetype<Model>(model);
  return keyFloats(positions, m.kvHeads, m.headDim);
}

export function cacheValueFloats(model: usize, positions: i32): i32 {
  const m = changetype<Model>(model);
  return valueFloats(positions, m.kvHeads, m.headDim);
}

/** Keys and values of given tokens, at most as many as the workspace has rows. // tokens [rows, 4]: token, position, slot */
export function prefill(rollout: usize, workspace: usize, tokens: usize, rows: i32): void {
  const r = changetype<Rollout>(rollout);
  const m = changetype<Model>(r.model);
  const w = changetype<Workspace>(workspace);
  const weights = changetype<Weights>(r.weights);
  embed(m, weights.flat, w, tokens, rows);
  // Nobody would read what comes after the last layer's keys and values.
  layers(r, m, w, weights, tokens, rows, m.layers - 1);
  toCache(r, m, w, weights, m.layers - 1, tokens, rows);
}

/** The first `count` positions of one slot's cache to another's, in every layer. */
export function copySlot(rollout: usize, from: i32, to: i32, count: i32): void {
  const r = changetype<Rollout>(rollout);
  const m = changetype<Model>(r.model);
  for (let layer = 0; layer < m.layers; layer++) {
    copyInCache(
      layerKeys(r, m, layer),
      layerValues(r, m, layer),
      from,
      to,
      count,
      r.positions,
      m.kvHeads,
      m.headDim,
    );
  }
}

/**
 * Up to `steps` more tokens for every slot of `active`; a slot that stops drops out at once.
 * @param tokens // [count, 4], the rows' input, written here
 * // active [count], permuted and shortened in place
 */
export function decode(
  rollout: usize,
  workspace: usize,
  tokens: usize,
  active: usize,
  count: i32,
  steps: i32,
): void {
  const r = changetype<Rollout>(rollout);
  const m = changetype<Model>(r.model);
  const w = changetype<Workspace>(workspace);
  const weights = changetype<Weights>(r.weights);
  for (let step = 0; step < steps && count > 0; step++) {
    for (let row = 0; row < count; row++) {
      const index = load<i32>(active + words(row));
      const slot = r.slots + <usize>index * SLOT_BYTES;
      const to = tokens + <usize>row * TOKEN_BYTES;
      store<i32>(to, load<i32>(slot));
      store<i32>(to, load<i32>(slot, 4), 4);
      store<i32>(to, index, 8);
    }
    embed(m, weights.flat, w, tokens, count);
    layers(r, m, w, weights, tokens, count, m.layers);
    head(m, weights.flat, weights.forward, w, count);
    let running = 0;
    for (let row = 0; row < count; row++) {
      const index = load<i32>(active + words(row));
      if (!advanceSlot(r, m, index, w.logits + words(row * m.vocabularyStride), w.scratch)) continue;
      store<i32>(active + words(running), index);
      running++;
    }
    count = running;
  }
}

function layers(
  r: Rollout,
  m: Model,
  w: Workspace,
  weights: Weights,
  tokens: usize,
  rows: i32,
  count: i32,
): void {
  for (let layer = 0; layer < count; layer++) {
    toCache(r, m, w, weights, layer, tokens, rows);
    const a = layerActivations(w, layer);
    cachedAttention(
      a.qk,
      tokens,
      layerKeys(r, m, layer),
      layerValues(r, m, layer),
      a.attended,
      rows,
      r.positions,
      m.heads,
      m.kvHeads,
      m.headDim,
      w.scratch,
    );
    attentionOutputAndFfn(m, weights.flat, weights.forward, w, layer, rows);
  }
}

function toCache(
  r: Rollout,
  m: Model,
  w: Workspace,
  weights: Weights,
  layer: i32,
  tokens: usize,
  rows: i32,
): void {
  attentionInput(m, weights.flat, weights.forward, w, layer, tokens, rows);
  const a = layerActivations(w, layer);
  appendToCache(
    a.qk,
    a.qkv,
    tokens,
    layerKeys(r, m, layer),
    layerValues(r, m, layer),
    rows,
    r.positions,
    m.heads,
    m.kvHeads,
    m.headDim,
  );
}

/** Samples the slot's next token and records it. @returns whether the slot runs on */
function advanceSlot(r: Rollout, m: Model, index: i32, logits: usize, scratch: usize): bool {
  const slot = r.slots + <usize>index * SLOT_BYTES;
  const position = load<i32>(slot, 4) + 1;
  const uniform = uniformAt(r.seed, load<u32>(slot, 8), position);
  const out = r.output + <usize>(index * r.chunk + (position % r.chunk)) * 8;
  const token = sampleToken(logits, m.vocabulary, r.temperature, r.topP, uniform, scratch, out + 4);
  store<i32>(out, token);
  let status = load<i32>(r.stopKinds + words(token));
  if (status === 0) status = position + 1 >= r.context ? FULL : RUNNING;
  store<i32>(slot, token);
  store<i32>(slot, position, 4);
  store<i32>(slot, status, 12);
  return status === RUNNING;
}

function layerKeys(r: Rollout, m: Model, layer: i32): usize {
  return r.keys + words(keyFloats(r.positions, m.kvHeads, m.headDim)) * <usize>(layer * r.slotCount);
}

function layerValues(r: Rollout, m: Model, layer: i32): usize {
  return r.values + words(valueFloats(r.positions, m.kvHeads, m.headDim)) * <usize>(layer * r.slotCount);
}
