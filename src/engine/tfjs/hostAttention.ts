/**
 * Causal grouped-query attention in plain loops, for the backends that compute on the CPU anyway (`wasm`, `cpu`).
 *
 * Same formulas as `attention.ts`. tfjs's WebAssembly backend multiplies batches of small matrices at a tenth of its speed on one large
 * matrix, and cannot skip the masked half; this does half the work, without a transpose or a mask.
 * Sums run in a fixed order, so the same input gives the same bits.
 */
import type { AttentionShape } from './attention.ts';
import { dotRows, softmaxInPlace, sumRows } from './hostLoops.ts';

export interface HostAttention {
  readonly output: Float32Array; // [rows * time, heads * headDim]
  /** Row t holds the weights of positions 0..t; the rest is 0. // [rows, heads, time, time] */
  readonly weights: Float32Array;
}

/** Rows of `headDim` numbers, `width` apart, packed together. // -> [time, headDim] */
function packHead(
  source: Float32Array,
  first: number,
  width: number,
  time: number,
  headDim: number,
  packed: Float32Array,
): void {
  for (let t = 0; t < time; t++) {
    const from = first + t * width;
    for (let d = 0; d < headDim; d++) packed[t * headDim + d] = source[from + d] as number;
  }
}

/** The way back. */
function unpackHead(
  packed: Float32Array,
  first: number,
  width: number,
  time: number,
  headDim: number,
  target: Float32Array,
): void {
  for (let t = 0; t < time; t++) {
    const to = first + t * width;
    for (let d = 0; d < headDim; d++) target[to + d] = packed[t * headDim + d] as number;
  }
}

/** Where a head's rows begin in the three arrays, and how far apart they lie. */
function places({ time, heads, kvHeads, headDim }: AttentionShape) {
  const rotatedWidth = (heads + kvHeads) * headDim;
  const valueWidth = kvHeads * headDim;
  const outputWidth = heads * headDim;
  return {
    rotatedWidth,
    valueWidth,
    outputWidth,
    query: (row: number, head: number) => row * time * rotatedWidth + head * headDim,
    key: (row: number, kvHead: number) => row * time * rotatedWidth + (heads + kvHead) * headDim,
    value: (row: number, kvHead: number) => row * time * valueWidth + kvHead * headDim,
    output: (row: number, head: number) => row * time * outputWidth + head * headDim,
    weights: (row: number, head: number) => (row * heads + head) * time * time,
  };
}

/** @param rotated // [rows * time, (heads + kvHeads) * headDim] @param values // [rows * time, kvHeads * headDim] */
export function attendOnHost(
  rotated: Float32Array,
  values: Float32Array,
  shape: AttentionShape,
): HostAttention {
  const { rows, time, heads, kvHeads, headDim } = shape;
  const place = places(shape);
  const output = new Float32Array(rows * time * heads * headDim);
  const weights = new Float32Array(rows * heads * time * time);
  const [q, k, v, o] = headBuffers(time * headDim);
  for (let row = 0; row < rows; row++) {
    for (let head = 0; head < heads; head++) {
      const kvHead = Math.floor((head * kvHeads) / heads);
      packHead(rotated, place.query(row, head), place.rotatedWidth, time, headDim, q);
      packHead(rotated, place.key(row, kvHead), place.rotatedWidth, time, headDim, k);
      packHead(values, place.value(row, kvHead), place.valueWidth, time, headDim, v);
      for (let t = 0; t < time; t++) {
        const p = place.weights(row, head) + t * time;
        dotRows(q, t * headDim, k, 0, t + 1, headDim, weights, p);
        softmaxInPlace(weights, p, t + 1);
        sumRows(weights, p, 1, v, 0, t + 1, headDim, o, t * headDim);
      }
      unpackHead(o, place.output(row, head), place.outputWidth, time, headDim, output);
    }
  }
  return { output, weights };
}

/**
 * Gradients of `attendOnHost` for dy.
 * @param dy // [rows * time, heads * headDim]
 */
export function attendOnHostGradient(
  dy: Float32Array,
  rotated: Float32Array,
  values: Float32Array,
  { output, weights }: HostAttention,
  shape: AttentionShape,
): { dRotated: Float32Array; dValues: Float32Array } {
  const { rows, time, heads, kvHeads, headDim } = shape;
  const place = places(shape);
  const group = heads / kvHeads;
  const dRotated = new Float32Array(rotated.length);
  const dValues = new Float32Array(values.length);
  const [q, k, v, o, dO, dQ, dK, dV] = headBuffers(time * headDim);
  const dScores = new Float32Array(time * time);
  for (let row = 0; row < rows; row++) {
    for (let kvHead = 0; kvHead < kvHeads; kvHead++) {
      packHead(rotated, place.key(row, kvHead), place.rotatedWidth, time, headDim, k);
      packHead(values, place.value(row, kvHead), place.valueWidth, time, headDim, v);
      for (let member = 0; member < group; member++) {
        const head = kvHead * group + member;
        const weightsAt = place.weights(row, head);
        packHead(rotated, place.query(row, head), place.rotatedWidth, time, headDim, q);
        packHead(output, place.output(row, head), place.outputWidth, time, headDim, o);
        packHead(dy, place.output(row, head), place.outputWidth, time, headDim, dO);
        for (let t = 0; t < time; t++) {
          scoreGradients(t, dO, o, v, headDim, weights, weightsAt + t * time, dScores, t * time);
          sumRows(dScores, t * time, 1, k, 0, t + 1, headDim, dQ, t * headDim);
        }
        for (let s = 0; s < time; s++) {
          const at = s * headDim;
          const diagonal = s * time + s; // column s from row s down
          sumRows(dScores, diagonal, time, q, at, time - s, headDim, dK, at, member > 0);
          sumRows(weights, weightsAt + diagonal, time, dO, at, time - s, headDim, dV, at, member > 0);
        }
        unpackHead(dQ, place.query(row, head), place.rotatedWidth, time, headDim, dRotated);
      }
      unpackHead(dK, place.key(row, kvHead), place.rotatedWidth, time, headDim, dRotated);
      unpackHead(dV, place.value(row, kvHead), place.valueWidth, time, headDim, dValues);
    }
  }
  return { dRotated, dValues };
}

/** dS = P (dP - Σ do o), dP = do vᵀ, for query t. */
function scoreGradients(
  t: number,
  dO: Float32Array,
  o: Float32Array,
  v: Float32Array,
  headDim: number,
  weights: Float32Array,
  weightsAt: number,
  dScores: Float32Array,
  dScoresAt: number,
): void {
  let along = 0;
  for (let i = t * headDim; i < (t + 1) * headDim; i++) along += (dO[i] as number) * (o[i] as number);
  dotRows(dO, t * headDim, v, 0, t + 1, headDim, dScores, dScoresAt);
  for (let s = 0; s <= t; s++) {
    dScores[dScoresAt + s] =
      (weights[weightsAt + s] as number) * ((dScores[dScoresAt + s] as number) - along);
  }
}

type Eight<T> = readonly [T, T, T, T, T, T, T, T];

function headBuffers(size: number): Eight<Float32Array> {
  const buffer = () => new Float32Array(size);
  return [buffer(), buffer(), buffer(), buffer(), buffer(), buffer(), buffer(), buffer()];
}
