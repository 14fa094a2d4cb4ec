// Token embeddings and their gradient.
import { words } from '../memory';
import { loadPartial, storePartial } from './lanes';

/** Words of a row of `tokens`: token id, position in its sequence, the sequence's first row, one past its last. */
export const TOKEN_BYTES: usize = 16;

/** // table [vocabulary, d], tokens [rows, 4] -> x [rows, d] */
export function embedding(table: usize, tokens: usize, x: usize, rows: i32, d: i32): void {
  const bytes = words(d);
  for (let row = 0; row < rows; row++) {
    memory.copy(x, table + <usize>load<i32>(tokens) * bytes, bytes);
    tokens += TOKEN_BYTES;
    x += bytes;
  }
}

/** Adds every row's gradient to its token's, in the order of the rows. // dx [rows, d] -> dTable [vocabulary, d] */
export function embeddingBackward(dx: usize, tokens: usize, dTable: usize, rows: i32, d: i32): void {
  const bytes = words(d);
  for (let row = 0; row < rows; row++) {
    addTo(dTable + <usize>load<i32>(tokens) * bytes, dx, d);
    tokens += TOKEN_BYTES;
    dx += bytes;
  }
}

/** sum += x. // [count] */
export function addTo(sum: usize, x: usize, count: i32): void {
  const whole = count & ~3;
  for (let i = 0; i < whole; i += 4) {
    v128.store(sum, f32x4.add(v128.load(sum), v128.load(x)));
    sum += 16;
    x += 16;
  }
  const rest = count & 3;
  if (rest) storePartial(sum, rest, f32x4.add(loadPartial(sum, rest, 0), loadPartial(x, rest, 0)));
}
