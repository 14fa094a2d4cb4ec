/** Rotary positions (RoPE; Su et al. 2021, arXiv 2104.09864), computed in float64 and rounded once. */

/** Radians by which the pair `pair` (0 to headDim / 2 - 1) of a head turns at `position`: position * theta^(-2 pair / headDim). */
export function ropeAngle(position: number, pair: number, headDim: number, theta: number): number {
  return position * theta ** ((-2 * pair) / headDim);
}

/** // [positions, headDim / 2, 2]: cos, sin */
export function ropeTable(positions: number, headDim: number, theta: number): Float32Array<ArrayBuffer> {
  const pairs = headDim / 2;
  const table = new Float32Array(positions * headDim);
  for (let position = 0; position < positions; position++) {
    for (let pair = 0; pair < pairs; pair++) {
      const angle = ropeAngle(position, pair, headDim, theta);
      table[(position * pairs + pair) * 2] = Math.cos(angle);
      table[(position * pairs + pair) * 2 + 1] = Math.sin(angle);
    }
  }
  return table;
}
