// Matrix products C [m, n] = A [m, k] B [k, n] (+ a matrix like C), B packed in panels (panels.ts).
//
// Every element is summed over k in order in one accumulator, whatever rows and columns are computed beside it: a row's
// result does not depend on its neighbours.
import { loadPartial, madd, storePartial } from './lanes';

/** Rows of A that pass by one panel before the next is taken: they stay in the second-level cache. */
const BLOCK: i32 = 64;

/**
 * A row-major, its rows `strideA` bytes apart; C and `added` have rows `strideC` bytes apart.
 * @param panelBytes from one panel to the next: 32 k, or more where only the panels' first k rows are taken
 * @param added what the product is added to, C itself to accumulate; 0: nothing
 */
export function product(
  a: usize,
  strideA: usize,
  panels: usize,
  panelBytes: usize,
  c: usize,
  strideC: usize,
  added: usize,
  m: i32,
  n: i32,
  k: i32,
): void {
  for (let block = 0; block < m; block += BLOCK) {
    const end = min(m, block + BLOCK);
    const tiles = block + ((end - block) & ~3);
    let panel = panels;
    for (let column = 0; column < n; column += 8) {
      const offset = <usize>block * strideC + ((<usize>column) << 2);
      productColumn(
        a + <usize>block * strideA,
        strideA,
        panel,
        c + offset,
        strideC,
        added ? added + offset : 0,
        tiles - block,
        min(8, n - column),
        k,
      );
      panel += panelBytes;
    }
    for (let row = tiles; row < end; row++) {
      const offset = <usize>row * strideC;
      productRow(
        a + <usize>row * strideA,
        4,
        panels,
        panelBytes,
        c + offset,
        added ? added + offset : 0,
        n,
        k,
      );
    }
  }
}

/** One panel's columns of C for `m` rows, a multiple of four: tiles of 4 x 8 in registers. */
function productColumn(
  a: usize,
  strideA: usize,
  panel: usize,
  c: usize,
  strideC: usize,
  added: usize,
  m: i32,
  columns: i32,
  k: i32,
): void {
  for (let i = 0; i < m; i += 4) {
    let c00 = f32x4.splat(0);
    let c01 = c00;
    let c10 = c00;
    let c11 = c00;
    let c20 = c00;
    let c21 = c00;
    let c30 = c00;
    let c31 = c00;
    let a0 = a;
    let a1 = a + strideA;
    let a2 = a1 + strideA;
    let a3 = a2 + strideA;
    let b = panel;
    for (let l = 0; l < k; l++) {
      const b0 = v128.load(b);
      const b1 = v128.load(b, 16);
      let x = v128.load_splat<f32>(a0);
      c00 = madd(x, b0, c00);
      c01 = madd(x, b1, c01);
      x = v128.load_splat<f32>(a1);
      c10 = madd(x, b0, c10);
      c11 = madd(x, b1, c11);
      x = v128.load_splat<f32>(a2);
      c20 = madd(x, b0, c20);
      c21 = madd(x, b1, c21);
      x = v128.load_splat<f32>(a3);
      c30 = madd(x, b0, c30);
      c31 = madd(x, b1, c31);
      a0 += 4;
      a1 += 4;
      a2 += 4;
      a3 += 4;
      b += 32;
    }
    if (columns === 8) {
      if (added) {
        const r1 = added + strideC;
        const r2 = r1 + strideC;
        const r3 = r2 + strideC;
        c00 = f32x4.add(c00, v128.load(added));
        c01 = f32x4.add(c01, v128.load(added, 16));
        c10 = f32x4.add(c10, v128.load(r1));
        c11 = f32x4.add(c11, v128.load(r1, 16));
        c20 = f32x4.add(c20, v128.load(r2));
        c21 = f32x4.add(c21, v128.load(r2, 16));
        c30 = f32x4.add(c30, v128.load(r3));
        c31 = f32x4.add(c31, v128.load(r3, 16));
      }
      const c1 = c + strideC;
      const c2 = c1 + strideC;
      const c3 = c2 + strideC;
      v128.store(c, c00);
      v128.store(c, c01, 16);
      v128.store(c1, c10);
      v128.store(c1, c11, 16);
      v128.store(c2, c20);
      v128.store(c2, c21, 16);
      v128.store(c3, c30);
      v128.store(c3, c31, 16);
    } else {
      storeTile(c, strideC, added, columns, c00, c01, c10, c11, c20, c21, c30, c31);
    }
    a += strideA << 2;
    c += strideC << 2;
    if (added) added += strideC << 2;
  }
}

/** A tile of 4 rows and `columns` (at most eight) columns into C, `added` beneath it. */
function storeTile(
  c: usize,
  strideC: usize,
  added: usize,
  columns: i32,
  c00: v128,
  c01: v128,
  c10: v128,
  c11: v128,
  c20: v128,
  c21: v128,
  c30: v128,
  c31: v128,
): void {
  storeColumns(c, added, columns, c00, c01);
  c += strideC;
  if (added) added += strideC;
  storeColumns(c, added, columns, c10, c11);
  c += strideC;
  if (added) added += strideC;
  storeColumns(c, added, columns, c20, c21);
  c += strideC;
  if (added) added += strideC;
  storeColumns(c, added, columns, c30, c31);
}

/** One row of a tile. */
function storeColumns(c: usize, added: usize, columns: i32, low: v128, high: v128): void {
  if (columns === 8) {
    if (added) {
      low = f32x4.add(low, v128.load(added));
      high = f32x4.add(high, v128.load(added, 16));
    }
    v128.store(c, low);
    v128.store(c, high, 16);
    return;
  }
  storeSome(c, added, min(4, columns), low);
  if (columns > 4) storeSome(c + 16, added ? added + 16 : 0, columns - 4, high);
}

function storeSome(c: usize, added: usize, count: i32, x: v128): void {
  if (count === 4) {
    v128.store(c, added ? f32x4.add(x, v128.load(added)) : x);
  } else {
    storePartial(c, count, added ? f32x4.add(x, loadPartial(added, count, 0)) : x);
  }
}

/** One row of C, four panels at a time, so that eight sums are under way. Elements of A's row are `stepA` bytes apart. */
export function productRow(
  a: usize,
  stepA: usize,
  panels: usize,
  panelBytes: usize,
  c: usize,
  added: usize,
  n: i32,
  k: i32,
): void {
  let column = 0;
  for (; column + 32 <= n; column += 32) {
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let s4 = s0;
    let s5 = s0;
    let s6 = s0;
    let s7 = s0;
    let p0 = panels;
    let p1 = p0 + panelBytes;
    let p2 = p1 + panelBytes;
    let p3 = p2 + panelBytes;
    let at = a;
    for (let l = 0; l < k; l++) {
      const x = v128.load_splat<f32>(at);
      s0 = madd(x, v128.load(p0), s0);
      s1 = madd(x, v128.load(p0, 16), s1);
      s2 = madd(x, v128.load(p1), s2);
      s3 = madd(x, v128.load(p1, 16), s3);
      s4 = madd(x, v128.load(p2), s4);
      s5 = madd(x, v128.load(p2, 16), s5);
      s6 = madd(x, v128.load(p3), s6);
      s7 = madd(x, v128.load(p3, 16), s7);
      at += stepA;
      p0 += 32;
      p1 += 32;
      p2 += 32;
      p3 += 32;
    }
    storeColumns(c, added, 8, s0, s1);
    storeColumns(c + 32, added ? added + 32 : 0, 8, s2, s3);
    storeColumns(c + 64, added ? added + 64 : 0, 8, s4, s5);
    storeColumns(c + 96, added ? added + 96 : 0, 8, s6, s7);
    panels = panels + (panelBytes << 2);
    c += 128;
    if (added) added += 128;
  }
  for (; column < n; column += 8) {
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let at = a;
    let b = panels;
    for (let l = 0; l < k; l++) {
      const x = v128.load_splat<f32>(at);
      s0 = madd(x, v128.load(b), s0);
      s1 = madd(x, v128.load(b, 16), s1);
      at += stepA;
      b += 32;
    }
    storeColumns(c, added, min(8, n - column), s0, s1);
    panels += panelBytes;
    c += 32;
    if (added) added += 32;
  }
}

/**
 * C [m, n] (+)= A^T B with A [k, m], its rows `strideA` bytes apart: what a weight's gradient is (A = dy, B = x, k tokens).
 * @param added like `product`'s
 */
export function transposedProduct(
  a: usize,
  strideA: usize,
  panels: usize,
  c: usize,
  strideC: usize,
  added: usize,
  m: i32,
  n: i32,
  k: i32,
): void {
  const panelBytes = (<usize>k) << 5;
  const whole = m & ~3;
  for (let row = 0; row < whole; row += 4) {
    let panel = panels;
    for (let column = 0; column < n; column += 8) {
      const offset = <usize>row * strideC + ((<usize>column) << 2);
      transposedTile(
        a + ((<usize>row) << 2),
        strideA,
        panel,
        c + offset,
        strideC,
        added ? added + offset : 0,
        min(8, n - column),
        k,
      );
      panel += panelBytes;
    }
  }
  for (let row = whole; row < m; row++) {
    const offset = <usize>row * strideC;
    productRow(
      a + ((<usize>row) << 2),
      strideA,
      panels,
      panelBytes,
      c + offset,
      added ? added + offset : 0,
      n,
      k,
    );
  }
}

function transposedTile(
  a: usize,
  strideA: usize,
  b: usize,
  c: usize,
  strideC: usize,
  added: usize,
  columns: i32,
  k: i32,
): void {
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  for (let l = 0; l < k; l++) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load_splat<f32>(a);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    x = v128.load_splat<f32>(a, 4);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    x = v128.load_splat<f32>(a, 8);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    x = v128.load_splat<f32>(a, 12);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
    a += strideA;
    b += 32;
  }
  if (columns === 8) {
    if (added) {
      const r1 = added + strideC;
      const r2 = r1 + strideC;
      const r3 = r2 + strideC;
      c00 = f32x4.add(c00, v128.load(added));
      c01 = f32x4.add(c01, v128.load(added, 16));
      c10 = f32x4.add(c10, v128.load(r1));
      c11 = f32x4.add(c11, v128.load(r1, 16));
      c20 = f32x4.add(c20, v128.load(r2));
      c21 = f32x4.add(c21, v128.load(r2, 16));
      c30 = f32x4.add(c30, v128.load(r3));
      c31 = f32x4.add(c31, v128.load(r3, 16));
    }
    const c1 = c + strideC;
    const c2 = c1 + strideC;
    const c3 = c2 + strideC;
    v128.store(c, c00);
    v128.store(c, c01, 16);
    v128.store(c1, c10);
    v128.store(c1, c11, 16);
    v128.store(c2, c20);
    v128.store(c2, c21, 16);
    v128.store(c3, c30);
    v128.store(c3, c31, 16);
  } else {
    storeTile(c, strideC, added, columns, c00, c01, c10, c11, c20, c21, c30, c31);
  }
}
