/**
 * C = A B in f32 WGSL, in several tilings: the yardstick for what the adapter can do with such code.
 *
 * A is [size, size], B and C likewise, row-major, and `size` is a multiple of every tile. Three forms: `shared` stages tiles of A and B
 * in workgroup memory (a GPU's way); `registers` reads global memory into a block of outputs per thread, with no barrier (a CPU
 * rasteriser's way); `subgroup` is that with a row of A in each lane, shown to the others. Loops over a thread's outputs are written out, so that they live in registers whatever the compiler.
 */

export interface MatmulVariant {
  readonly kind: 'shared' | 'registers' | 'subgroup';
  /** Outputs of a thread: rows by columns, each a multiple of 4; of `subgroup`, twice the lanes by 2. */
  readonly rows: number;
  readonly columns: number;
  /** Depth of a tile of the shared form; both forms step through depth by whole fours. */
  readonly depth: number;
  /** Threads of a workgroup along rows and columns. */
  readonly threads: readonly [rows: number, columns: number];
}

export function variantName({ kind, rows, columns, threads }: MatmulVariant): string {
  return `${kind}, ${rows} x ${columns} outputs a thread, ${threads[0]} x ${threads[1]} threads`;
}

/** Rows and columns of C that one workgroup makes. */
export function tileOf({ rows, columns, threads }: MatmulVariant): readonly [rows: number, columns: number] {
  return [rows * threads[0], columns * threads[1]];
}

export const gpuVariants: readonly MatmulVariant[] = [
  { kind: 'shared', rows: 4, columns: 4, depth: 16, threads: [16, 16] },
  { kind: 'shared', rows: 8, columns: 4, depth: 16, threads: [16, 16] },
  { kind: 'shared', rows: 8, columns: 8, depth: 8, threads: [16, 16] },
  { kind: 'shared', rows: 8, columns: 8, depth: 16, threads: [8, 8] },
  { kind: 'registers', rows: 4, columns: 8, depth: 4, threads: [8, 16] },
];

export const softwareVariants: readonly MatmulVariant[] = [
  { kind: 'registers', rows: 4, columns: 8, depth: 4, threads: [8, 8] },
  { kind: 'registers', rows: 4, columns: 4, depth: 4, threads: [8, 8] },
  { kind: 'registers', rows: 8, columns: 4, depth: 4, threads: [8, 8] },
  { kind: 'registers', rows: 8, columns: 8, depth: 4, threads: [8, 8] },
  { kind: 'registers', rows: 4, columns: 16, depth: 4, threads: [8, 4] },
  { kind: 'shared', rows: 8, columns: 8, depth: 16, threads: [8, 8] },
];

/** With every subgroup of this many lanes. */
export const subgroupVariants = (lanes: number): readonly MatmulVariant[] =>
  [1, 4].map((subgroups) => ({
    kind: 'subgroup',
    rows: 2 * lanes,
    columns: 2,
    depth: 4,
    threads: [1, subgroups * lanes],
  }));

const bindings = /* wgsl */ `
@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> c: array<vec4f>;
`;

export function matmulSource(variant: MatmulVariant, size: number): string {
  switch (variant.kind) {
    case 'shared':
      return sharedSource(variant, size);
    case 'registers':
      return registerSource(variant, size);
    case 'subgroup':
      return subgroupSource(variant, size);
  }
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const lines = (count: number, line: (i: number) => string) => range(count).map(line).join('\n');

/** Each of a thread's outputs plus one product: `left` names a scalar per row, `right` a vec4 per four columns. */
function outerProduct(
  variant: MatmulVariant,
  left: (row: number) => string,
  right: (four: number) => string,
) {
  return lines(variant.rows, (i) =>
    lines(variant.columns / 4, (j) => `c${i}_${j} = fma(vec4f(${left(i)}), ${right(j)}, c${i}_${j});`),
  );
}

function accumulators(variant: MatmulVariant): string {
  return lines(variant.rows, (i) => lines(variant.columns / 4, (j) => `var c${i}_${j} = vec4f();`));
}

function registerSource(variant: MatmulVariant, size: number): string {
  const { rows, columns, threads } = variant;
  const fours = columns / 4;
  const stride = size / 4;
  return /* wgsl */ `${bindings}
@compute @workgroup_size(${threads[1]}, ${threads[0]})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.y * ${rows}u;
  let four = id.x * ${fours}u;
${accumulators(variant)}
  for (var k = 0u; k < ${stride}u; k++) {
${lines(rows, (i) => `let a${i} = a[(row + ${i}u) * ${stride}u + k];`)}
${lines(
  4,
  (kk) => `{
${lines(fours, (j) => `let b${j} = b[(k * 4u + ${kk}u) * ${stride}u + four + ${j}u];`)}
${outerProduct(
  variant,
  (i) => `a${i}[${kk}]`,
  (j) => `b${j}`,
)}
}`,
)}
  }
${lines(rows, (i) => lines(fours, (j) => `c[(row + ${i}u) * ${stride}u + four + ${j}u] = c${i}_${j};`))}
}
`;
}

function subgroupSource({ rows, threads }: MatmulVariant, size: number): string {
  const lanes = rows / 2;
  return /* wgsl */ `enable subgroups;
@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> c: array<vec2f>;
@compute @workgroup_size(${threads[1]})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) thread: u32,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let row = group.y * ${rows}u;
  let pair = group.x * ${threads[1]}u + thread;
${lines(rows, (i) => `var c${i} = vec2f();`)}
  for (var k = 0u; k < ${size / 4}u; k++) {
    let upper = a[(row + lane) * ${size / 4}u + k];
    let lower = a[(row + ${lanes}u + lane) * ${size / 4}u + k];
${lines(4, (kk) => `let b${kk} = b[(k * 4u + ${kk}u) * ${size / 2}u + pair];`)}
${lines(4, (kk) =>
  lines(
    rows,
    (i) =>
      `c${i} = fma(vec2f(subgroupBroadcast(${i < lanes ? 'upper' : 'lower'}[${kk}], ${i % lanes}u)), b${kk}, c${i});`,
  ),
)}
  }
${lines(rows, (i) => `c[(row + ${i}u) * ${size / 2}u + pair] = c${i};`)}
}
`;
}

/**
 * A thread's outputs are blocks of four rows and of four columns, `threads` blocks apart, so that a workgroup's reads of a tile are
 * neighbours. A's tile is stored transposed, with one vec4 of padding a line against bank conflicts.
 */
function sharedSource(variant: MatmulVariant, size: number): string {
  const { rows, columns, depth, threads } = variant;
  const [tileRows, tileColumns] = tileOf(variant);
  const count = threads[0] * threads[1];
  const stride = size / 4;
  const aLine = tileRows / 4 + 1;
  const bLine = tileColumns / 4;
  const fill = (fours: number, body: (index: string) => string) =>
    lines(Math.ceil(fours / count), (i) => {
      const index = `(t + ${i * count}u)`;
      return fours % count === 0 ? `{ ${body(index)} }` : `if (${index} < ${fours}u) { ${body(index)} }`;
    });
  const fromA = (e: number, index: string) =>
    `a[(row0 + (${index} / ${depth}u) * 4u + ${e}u) * ${stride}u + (k0 + ${index} % ${depth}u) / 4u][(${index} % ${depth}u) % 4u]`;
  return /* wgsl */ `${bindings}
var<workgroup> aTile: array<vec4f, ${depth * aLine}>;
var<workgroup> bTile: array<vec4f, ${depth * bLine}>;

@compute @workgroup_size(${threads[1]}, ${threads[0]})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) t: u32,
) {
  let row0 = group.y * ${tileRows}u;
  let four0 = group.x * ${bLine}u;
${accumulators(variant)}
  for (var k0 = 0u; k0 < ${size}u; k0 += ${depth}u) {
${fill(
  (depth * tileRows) / 4,
  (index) =>
    `aTile[(${index} % ${depth}u) * ${aLine}u + ${index} / ${depth}u] = vec4f(${range(4)
      .map((e) => fromA(e, index))
      .join(', ')});`,
)}
${fill((depth * tileColumns) / 4, (index) => `bTile[${index}] = b[(k0 + ${index} / ${bLine}u) * ${stride}u + four0 + ${index} % ${bLine}u];`)}
    workgroupBarrier();
    for (var k = 0u; k < ${depth}u; k++) {
${lines(rows / 4, (i) => `let a${i} = aTile[k * ${aLine}u + local.y + ${i * threads[0]}u];`)}
${lines(columns / 4, (j) => `let b${j} = bTile[k * ${bLine}u + local.x + ${j * threads[1]}u];`)}
${outerProduct(
  variant,
  (i) => `a${Math.floor(i / 4)}[${i % 4}]`,
  (j) => `b${j}`,
)}
    }
    workgroupBarrier();
  }
${lines(rows, (i) =>
  lines(
    columns / 4,
    (j) =>
      `c[(row0 + (local.y + ${Math.floor(i / 4) * threads[0]}u) * 4u + ${i % 4}u) * ${stride}u + four0 + local.x + ${j * threads[1]}u] = c${i}_${j};`,
  ),
)}
}
`;
}
