// Packing of a product's right factor B [k, n] into panels: eight columns side by side, row after row, so that the inner loop
// of the product reads one stream. The last panel's missing columns are zero.

/** Floats of a panel's row. */
export const PANEL: i32 = 8;

/** Floats that the panels of a matrix with n columns and k rows take. */
export function panelFloats(n: i32, k: i32): i32 {
  return ((n + PANEL - 1) / PANEL) * PANEL * k;
}

/** B lies as it is, row-major. // b [k, n], its rows `stride` bytes apart -> panels [ceil(n / 8), k, 8] */
export function packRows(b: usize, stride: usize, panels: usize, n: i32, k: i32): void {
  for (let column = 0; column < n; column += PANEL) {
    const width = min(PANEL, n - column);
    let row = b + ((<usize>column) << 2);
    if (width === PANEL) {
      for (let l = 0; l < k; l++) {
        v128.store(panels, v128.load(row));
        v128.store(panels, v128.load(row, 16), 16);
        panels += 32;
        row += stride;
      }
    } else {
      for (let l = 0; l < k; l++) {
        for (let j = 0; j < PANEL; j++) {
          const at = (<usize>j) << 2;
          store<f32>(panels + at, j < width ? load<f32>(row + at) : 0);
        }
        panels += 32;
        row += stride;
      }
    }
  }
}

/** B is the transpose of what lies there. // b [n, k], its rows `stride` bytes apart -> panels [ceil(n / 8), k, 8] */
export function packColumns(b: usize, stride: usize, panels: usize, n: i32, k: i32): void {
  const whole = k & ~3;
  for (let column = 0; column < n; column += PANEL) {
    const width = min(PANEL, n - column);
    const first = b + <usize>column * stride;
    if (width === PANEL) {
      for (let l = 0; l < whole; l += 4) {
        const from = first + ((<usize>l) << 2);
        transpose4(from, stride, panels);
        transpose4(from + 4 * stride, stride, panels + 16);
        panels += 128;
      }
    }
    for (let l = width === PANEL ? whole : 0; l < k; l++) {
      let from = first + ((<usize>l) << 2);
      for (let j = 0; j < PANEL; j++) {
        store<f32>(panels + ((<usize>j) << 2), j < width ? load<f32>(from) : 0);
        from += stride;
      }
      panels += 32;
    }
  }
}

/** Four floats of each of four rows become four columns of a panel. */
function transpose4(from: usize, stride: usize, to: usize): void {
  const a = v128.load(from);
  const b = v128.load(from + stride);
  const c = v128.load(from + 2 * stride);
  const d = v128.load(from + 3 * stride);
  const ab01 = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const ab23 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const cd01 = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const cd23 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(ab01, cd01, 0, 1, 4, 5));
  v128.store(to, v128.shuffle<f32>(ab01, cd01, 2, 3, 6, 7), 32);
  v128.store(to, v128.shuffle<f32>(ab23, cd23, 0, 1, 4, 5), 64);
  v128.store(to, v128.shuffle<f32>(ab23, cd23, 2, 3, 6, 7), 96);
}
