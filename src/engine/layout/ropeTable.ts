/** Rotary positions (Su et al. 2021): cos and sin of position * theta^(-2j / headDim), computed in float64. */

/** // [positions, headDim / 2, 2]: cos, sin */
export function ropeTable(positions: number, headDim: number, theta: number): Float32Array<ArrayBuffer> {
  const half = headDim / 2;
  const table = new Float32Array(positions * headDim);
  for (let j = 0; j < half; j++) {
    const frequency = theta ** (-(2 * j) / headDim);
    for (let position = 0; position < positions; position++) {
      const angle = position * frequency;
      table[(position * half + j) * 2] = Math.cos(angle);
      table[(position * half + j) * 2 + 1] = Math.sin(angle);
    }
  }
  return table;
}
