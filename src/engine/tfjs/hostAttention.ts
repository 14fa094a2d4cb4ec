/**
 * Causal grouped-query attention in plain loops, for the backends that compute on the CPU anyway (`wasm`, `cpu`).
 *
 * Same formulas as `attention.ts`. tfjs's WebAssembly backend multiplies batches of small matrices at a fraction of its speed on one large
 * matrix, and cannot skip the masked half; this does half the work, without a transpose or a mask, and took a `mini` training step
 * on WebAssembly from mostly attention to mostly matrix products. Invariant: sums run in a fixed order, in double precision.
 */
import type { AttentionShape } from './attention.ts';

export interface HostAttention {
  readonly output: Float32Array; // [rows * time, heads * headDim]
  /** Row t holds the weights of positions 0..t; the rest is 0. // [rows, heads, time, time] */
  readonly weights: Float32Array;
}

/** Copy one head of [rows * time, width] into [time, headDim], in double precision. */
function takeHead(
  source: Float32Array,
  first: number,
  width: number,
  time: number,
  headDim: number,
  into: Float64Array,
): void {
  for (let t = 0; t < time; t++) {
    const from = first + t * width;
    const to = t * headDim;
    for (let d = 0; d < headDim; d++) into[to + d] = source[from + d] as number;
  }
}

/** @param rotated // [rows * time, (heads + kvHeads) * headDim] @param values // [rows * time, kvHeads * headDim] */
export function attendOnHost(
  rotated: Float32Array,
  values: Float32Array,
  { rows, time, heads, kvHeads, headDim }: AttentionShape,
): HostAttention {
  const group = heads / kvHeads;
  const width = (heads + kvHeads) * headDim;
  const output = new Float32Array(rows * time * heads * headDim);
  const weights = new Float32Array(rows * heads * time * time);
  const q = new Float64Array(time * headDim);
  const k = new Float64Array(time * headDim);
  const v = new Float64Array(time * headDim);
  const p = new Float64Array(time);
  const o = new Float64Array(headDim);
  for (let row = 0; row < rows; row++) {
    for (let head = 0; head < heads; head++) {
      const kvHead = Math.floor(head / group);
      takeHead(rotated, row * time * width + head * headDim, width, time, headDim, q);
      takeHead(rotated, row * time * width + (heads + kvHead) * headDim, width, time, headDim, k);
      takeHead(values, (row * time * kvHeads + kvHead) * headDim, kvHeads * headDim, time, headDim, v);
      for (let t = 0; t < time; t++) {
        softmaxScores(q, t * headDim, k, t + 1, headDim, p);
        const weightRow = ((row * heads + head) * time + t) * time;
        o.fill(0);
        for (let s = 0; s <= t; s++) {
          const weight = p[s] as number;
          weights[weightRow + s] = weight;
          const at = s * headDim;
          for (let d = 0; d < headDim; d++) o[d] = (o[d] as number) + weight * (v[at + d] as number);
        }
        output.set(o, ((row * time + t) * heads + head) * headDim);
      }
    }
  }
  return { output, weights };
}

/** p[s] = softmax over s < count of q · k[s]; headDim is even. */
function softmaxScores(
  q: Float64Array,
  queryStart: number,
  k: Float64Array,
  count: number,
  headDim: number,
  p: Float64Array,
): void {
  let maximum = -Infinity;
  for (let s = 0; s < count; s++) {
    const at = s * headDim;
    let even = 0;
    let odd = 0; // two chains of additions keep the processor busier than one
    for (let d = 0; d < headDim; d += 2) {
      even += (q[queryStart + d] as number) * (k[at + d] as number);
      odd += (q[queryStart + d + 1] as number) * (k[at + d + 1] as number);
    }
    const score = even + odd;
    p[s] = score;
    if (score > maximum) maximum = score;
  }
  let total = 0;
  for (let s = 0; s < count; s++) {
    const weight = Math.exp((p[s] as number) - maximum);
    p[s] = weight;
    total += weight;
  }
  const scale = 1 / total;
  for (let s = 0; s < count; s++) p[s] = (p[s] as number) * scale;
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
  { rows, time, heads, kvHeads, headDim }: AttentionShape,
): { dRotated: Float32Array; dValues: Float32Array } {
  const group = heads / kvHeads;
  const width = (heads + kvHeads) * headDim;
  const dRotated = new Float32Array(rotated.length);
  const dValues = new Float32Array(values.length);
  const [k, v, dK, dV] = [0, 1, 2, 3].map(() => new Float64Array(time * headDim)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const [q, dQ, dO] = [0, 1, 2].map(() => new Float64Array(headDim)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let row = 0; row < rows; row++) {
    for (let kvHead = 0; kvHead < kvHeads; kvHead++) {
      const keyStart = row * time * width + (heads + kvHead) * headDim;
      const valueStart = (row * time * kvHeads + kvHead) * headDim;
      takeHead(rotated, keyStart, width, time, headDim, k);
      takeHead(values, valueStart, kvHeads * headDim, time, headDim, v);
      dK.fill(0);
      dV.fill(0);
      for (let head = kvHead * group; head < (kvHead + 1) * group; head++) {
        for (let t = 0; t < time; t++) {
          const outputStart = ((row * time + t) * heads + head) * headDim;
          const queryStart = (row * time + t) * width + head * headDim;
          let delta = 0; // Σ dP P = Σ do o
          for (let d = 0; d < headDim; d++) {
            const slope = dy[outputStart + d] as number;
            dO[d] = slope;
            q[d] = rotated[queryStart + d] as number;
            delta += slope * (output[outputStart + d] as number);
          }
          dQ.fill(0);
          const weightRow = ((row * heads + head) * time + t) * time;
          for (let s = 0; s <= t; s++) {
            const at = s * headDim;
            const weight = weights[weightRow + s] as number;
            let dWeight = 0;
            for (let d = 0; d < headDim; d++) dWeight += (dO[d] as number) * (v[at + d] as number);
            const dScore = weight * (dWeight - delta);
            for (let d = 0; d < headDim; d++) {
              const i = at + d;
              dQ[d] = (dQ[d] as number) + dScore * (k[i] as number);
              dK[i] = (dK[i] as number) + dScore * (q[d] as number);
              dV[i] = (dV[i] as number) + weight * (dO[d] as number);
            }
          }
          dRotated.set(dQ, queryStart);
        }
      }
      for (let t = 0; t < time; t++) {
        const from = t * headDim;
        dRotated.set(dK.subarray(from, from + headDim), keyStart + t * width);
        dValues.set(dV.subarray(from, from + headDim), valueStart + t * kvHeads * headDim);
      }
    }
  }
  return { dRotated, dValues };
}
