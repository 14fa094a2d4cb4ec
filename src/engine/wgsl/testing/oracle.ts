/**
 * Plain float64 versions of the kernels' operations, for tests: loops written from the formulas, no code shared with WGSL.
 * Gradients are central differences of these forwards, so an error in a derivation cannot hide on both sides.
 */

export type Numbers = ArrayLike<number>;

const at = (x: Numbers, i: number): number => x[i]!;

/** a [m, k] b^T [n, k], or with `transposeB` false b [k, n]; a is [k, m] when `transposeA`. // [m, n] */
export function matmulOracle(
  a: Numbers,
  b: Numbers,
  size: { m: number; n: number; k: number },
  transposeA: boolean,
  transposeB: boolean,
): Float64Array {
  const { m, n, k } = size;
  const c = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let l = 0; l < k; l++) {
        sum += at(a, transposeA ? l * m + i : i * k + l) * at(b, transposeB ? j * k + l : l * n + j);
      }
      c[i * n + j] = sum;
    }
  }
  return c;
}

/** // x [rows, d], weight [d] -> [rows, d] */
export function rmsNormOracle(x: Numbers, weight: Numbers, d: number, epsilon: number): Float64Array {
  return Float64Array.from({ length: x.length }, (_, i) => {
    const row = Math.floor(i / d);
    let squares = 0;
    for (let j = 0; j < d; j++) squares += at(x, row * d + j) ** 2;
    return (at(x, i) * at(weight, i % d)) / Math.sqrt(squares / d + epsilon);
  });
}

export interface Heads {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

/** // qkv [rows, (heads + 2 kvHeads) headDim], weight [2, headDim] -> [rows, (heads + kvHeads) headDim] */
export function qkNormRopeOracle(
  qkv: Numbers,
  weight: Numbers,
  positions: Numbers,
  { heads, kvHeads, headDim }: Heads,
  theta: number,
  epsilon: number,
): Float64Array {
  const rows = positions.length;
  const half = headDim / 2;
  const out = new Float64Array(rows * (heads + kvHeads) * headDim);
  for (let row = 0; row < rows; row++) {
    for (let head = 0; head < heads + kvHeads; head++) {
      const source = (row * (heads + 2 * kvHeads) + head) * headDim;
      const x = Array.from({ length: headDim }, (_, j) => at(qkv, source + j));
      const w = Array.from({ length: headDim }, (_, j) => at(weight, (head < heads ? 0 : headDim) + j));
      const y = rmsNormOracle(x, w, headDim, epsilon);
      const to = (row * (heads + kvHeads) + head) * headDim;
      for (let j = 0; j < half; j++) {
        const angle = at(positions, row) * theta ** ((-2 * j) / headDim);
        out[to + j] = at(y, j) * Math.cos(angle) - at(y, j + half) * Math.sin(angle);
        out[to + j + half] = at(y, j + half) * Math.cos(angle) + at(y, j) * Math.sin(angle);
      }
    }
  }
  return out;
}

/** Causal attention inside segments. // qk [rows, (heads + kvHeads) headDim], qkv for v, starts [rows] -> [rows, heads headDim] */
export function attentionOracle(
  qk: Numbers,
  qkv: Numbers,
  starts: Numbers,
  { heads, kvHeads, headDim }: Heads,
): Float64Array {
  const rows = starts.length;
  const out = new Float64Array(rows * heads * headDim);
  for (let row = 0; row < rows; row++) {
    for (let head = 0; head < heads; head++) {
      const kvHead = Math.floor(head / (heads / kvHeads));
      const query = (row * (heads + kvHeads) + head) * headDim;
      const weights: number[] = [];
      for (let key = at(starts, row); key <= row; key++) {
        const keyAt = (key * (heads + kvHeads) + heads + kvHead) * headDim;
        let score = 0;
        for (let j = 0; j < headDim; j++) score += at(qk, query + j) * at(qk, keyAt + j);
        weights.push(Math.exp(score / Math.sqrt(headDim)));
      }
      const total = weights.reduce((sum, w) => sum + w, 0);
      weights.forEach((w, i) => {
        const valueAt = ((at(starts, row) + i) * (heads + 2 * kvHeads) + heads + kvHeads + kvHead) * headDim;
        for (let j = 0; j < headDim; j++) {
          const to = (row * heads + head) * headDim + j;
          out[to] = at(out, to) + (w / total) * at(qkv, valueAt + j);
        }
      });
    }
  }
  return out;
}

/** // gateUp [rows, 2 f] -> [rows, f] */
export function swigluOracle(gateUp: Numbers, f: number): Float64Array {
  return Float64Array.from({ length: gateUp.length / 2 }, (_, i) => {
    const source = Math.floor(i / f) * 2 * f + (i % f);
    const gate = at(gateUp, source);
    return (gate / (1 + Math.exp(-gate))) * at(gateUp, source + f);
  });
}

export interface LossTarget {
  readonly mask: number;
  readonly advantage: number;
  readonly oldLogProb: number;
  readonly samplerLogProb: number;
  readonly referenceLogProb: number;
}

export interface LossSettings {
  readonly objective: 'sft' | 'grpo';
  readonly temperature: number;
  readonly clipLow: number;
  readonly clipHigh: number;
  readonly dualClip: number;
  readonly tisCap: number;
  readonly entropyCoefficient: number;
  readonly klCoefficient: number;
}

/** In the order of RowStats in loss.wgsl. */
export const lossStatNames = [
  'loss',
  'entropy',
  'clipLow',
  'clipHigh',
  'dualClip',
  'kl',
  'logProb',
  'rowEntropy',
] as const;

/** One row per token; a segment's last predicts nothing. // logits [rows, vocabulary padded to 4], tokens [rows, 4] */
export function lossOracle(
  logits: Numbers,
  tokens: Numbers,
  targets: readonly LossTarget[],
  settings: LossSettings,
  vocabulary: number,
): Record<(typeof lossStatNames)[number], number>[] {
  const stride = Math.ceil(vocabulary / 4) * 4;
  return targets.map((target, row) => {
    const none = {
      loss: 0,
      entropy: 0,
      clipLow: 0,
      clipHigh: 0,
      dualClip: 0,
      kl: 0,
      logProb: 0,
      rowEntropy: 0,
    };
    if (row + 1 >= at(tokens, row * 4 + 3)) return none;
    const z = Array.from(
      { length: vocabulary },
      (_, i) => at(logits, row * stride + i) / settings.temperature,
    );
    const top = Math.max(...z);
    const logTotal = top + Math.log(z.reduce((sum, value) => sum + Math.exp(value - top), 0));
    const logProb = z[at(tokens, (row + 1) * 4)]! - logTotal;
    const rowEntropy = -z.reduce((sum, value) => sum + Math.exp(value - logTotal) * (value - logTotal), 0);
    const scored = { ...none, logProb, rowEntropy };
    if (target.mask === 0) return scored;
    if (settings.objective === 'sft') return { ...scored, loss: -logProb, entropy: rowEntropy };
    const { advantage: a, oldLogProb } = target;
    const ratio = Math.exp(logProb - oldLogProb);
    const weight = Math.min(Math.exp(oldLogProb - target.samplerLogProb), settings.tisCap);
    const [low, high] = [1 - settings.clipLow, 1 + settings.clipHigh];
    const clipped = Math.min(ratio * a, Math.min(Math.max(ratio, low), high) * a);
    const objective = a < 0 ? Math.max(clipped, settings.dualClip * a) : clipped;
    const gap = target.referenceLogProb - logProb;
    const kl = settings.klCoefficient === 0 ? 0 : Math.exp(gap) - gap - 1;
    return {
      ...scored,
      loss: -weight * objective + settings.klCoefficient * kl - settings.entropyCoefficient * rowEntropy,
      entropy: rowEntropy,
      clipLow: a < 0 && ratio < low ? 1 : 0,
      clipHigh: a > 0 && ratio > high ? 1 : 0,
      dualClip: a < 0 && ratio > settings.dualClip ? 1 : 0,
      kl,
    };
  });
}

/** d(sum of f(x) * dy) / dx by central differences. // like x */
export function differentiate(
  f: (x: Float64Array) => Numbers,
  x: Numbers,
  dy: Numbers,
  epsilon = 1e-5,
): Float64Array {
  const point = Float64Array.from({ length: x.length }, (_, i) => at(x, i));
  const value = () => {
    const y = f(point);
    let sum = 0;
    for (let i = 0; i < y.length; i++) sum += at(y, i) * at(dy, i);
    return sum;
  };
  return Float64Array.from({ length: x.length }, (_, i) => {
    const centre = at(point, i);
    point[i] = centre + epsilon;
    const up = value();
    point[i] = centre - epsilon;
    const down = value();
    point[i] = centre;
    return (up - down) / (2 * epsilon);
  });
}
