/**
 * The three inner loops of attention on the CPU, blocked so that sums stay in registers.
 *
 * JavaScript engines do not vectorise; what they do well is several independent sums at once over 32-bit arrays (measured: half the time
 * per product of the plain loop). Sums are in double precision, always in the same order. Bounds are the caller's business.
 */

/** out[outAt + r] = x · rows[r] for r < count. // x [width] at xAt; rows [count, width] at rowsAt */
export function dotRows(
  x: Float32Array,
  xAt: number,
  rows: Float32Array,
  rowsAt: number,
  count: number,
  width: number,
  out: Float32Array,
  outAt: number,
): void {
  let r = 0;
  for (; r + 3 < count; r += 4) {
    const at0 = rowsAt + r * width;
    const at1 = at0 + width;
    const at2 = at1 + width;
    const at3 = at2 + width;
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    for (let i = 0; i < width; i++) {
      const factor = x[xAt + i] as number;
      sum0 += factor * (rows[at0 + i] as number);
      sum1 += factor * (rows[at1 + i] as number);
      sum2 += factor * (rows[at2 + i] as number);
      sum3 += factor * (rows[at3 + i] as number);
    }
    out[outAt + r] = sum0;
    out[outAt + r + 1] = sum1;
    out[outAt + r + 2] = sum2;
    out[outAt + r + 3] = sum3;
  }
  for (; r < count; r++) {
    const at = rowsAt + r * width;
    let sum = 0;
    for (let i = 0; i < width; i++) sum += (x[xAt + i] as number) * (rows[at + i] as number);
    out[outAt + r] = sum;
  }
}

/**
 * out[outAt + i] (+)= Σ_r weights[weightsAt + r * weightStride] rows[r][i] for i < width. // rows [count, width] at rowsAt
 * @param accumulate add to what is there
 */
export function sumRows(
  weights: Float32Array,
  weightsAt: number,
  weightStride: number,
  rows: Float32Array,
  rowsAt: number,
  count: number,
  width: number,
  out: Float32Array,
  outAt: number,
  accumulate = false,
): void {
  const keep = accumulate ? 1 : 0;
  let i = 0;
  for (; i + 3 < width; i += 4) {
    const to = outAt + i;
    let sum0 = keep * (out[to] as number);
    let sum1 = keep * (out[to + 1] as number);
    let sum2 = keep * (out[to + 2] as number);
    let sum3 = keep * (out[to + 3] as number);
    let at = rowsAt + i;
    let weightAt = weightsAt;
    for (let r = 0; r < count; r++) {
      const weight = weights[weightAt] as number;
      sum0 += weight * (rows[at] as number);
      sum1 += weight * (rows[at + 1] as number);
      sum2 += weight * (rows[at + 2] as number);
      sum3 += weight * (rows[at + 3] as number);
      at += width;
      weightAt += weightStride;
    }
    out[to] = sum0;
    out[to + 1] = sum1;
    out[to + 2] = sum2;
    out[to + 3] = sum3;
  }
  for (; i < width; i++) {
    let sum = keep * (out[outAt + i] as number);
    for (let r = 0; r < count; r++) {
      sum += (weights[weightsAt + r * weightStride] as number) * (rows[rowsAt + r * width + i] as number);
    }
    out[outAt + i] = sum;
  }
}

/** Softmax of x[at .. at + count), in place. */
export function softmaxInPlace(x: Float32Array, at: number, count: number): void {
  let maximum = -Infinity;
  for (let i = at; i < at + count; i++) if ((x[i] as number) > maximum) maximum = x[i] as number;
  let total = 0;
  for (let i = at; i < at + count; i++) {
    const weight = Math.exp((x[i] as number) - maximum);
    x[i] = weight;
    total += weight;
  }
  const scale = 1 / total;
  for (let i = at; i < at + count; i++) x[i] = (x[i] as number) * scale;
}
