/**
 * What this adapter can do at best with our WGSL: its matmul rate in f32, and its copy bandwidth.
 *
 * The best of several kernels and sizes counts, so that a share of it is a share of something reachable. A kernel counts
 * only if its product is right (sampled entries against float64). A timing is many runs in one submit, so that it is the
 * kernel's and not the queue's.
 */
import { readBuffer } from '../engine/wgsl/device/buffers.ts';
import type { Gpu } from '../engine/wgsl/device/device.ts';
import { Random } from '../random/random.ts';
import {
  gpuVariants,
  matmulSource,
  softwareVariants,
  subgroupVariants,
  tileOf,
  variantName,
} from './matmulKernel.ts';
import type { MatmulVariant } from './matmulKernel.ts';
import type { Now } from './measure.ts';
import type { Peak } from './report.ts';
import { quantilesOf } from './statistics.ts';

/** How long one timing should last at least, milliseconds, and how many are taken. */
const timingMs = 100;
const timings = 5;
/** Larger products are tried only while one run takes less than this. */
const patienceMs = 400;

export async function measureMatmul(gpu: Gpu, now: Now): Promise<Peak> {
  const sizes = gpu.isSoftware ? [256, 512] : [1024, 2048, 4096];
  const plain = gpu.isSoftware ? softwareVariants : gpuVariants;
  const variants = gpu.subgroupLanes > 0 ? [...plain, ...subgroupVariants(gpu.subgroupLanes)] : plain;
  const found: { name: string; rates: number[] }[] = [];
  for (const size of sizes) {
    const matrices = await Matrices.create(gpu, size);
    let slowest = 0;
    try {
      for (const variant of variants) {
        const pipeline = await compile(gpu, matmulSource(variant, size));
        const milliseconds = await matrices.time(pipeline, variant, now);
        slowest = Math.max(slowest, Math.min(...milliseconds));
        const rates = milliseconds.map((ms) => (2 * size ** 3) / (ms / 1000));
        found.push({ name: `${size}³, ${variantName(variant)}`, rates });
      }
    } finally {
      matrices.destroy();
    }
    if (slowest * 8 > patienceMs) break;
  }
  return bestOf(found);
}

/** One product of random matrices, for a kernel's test: the largest error of some entries, relative to the largest entry. */
export async function matmulError(gpu: Gpu, variant: MatmulVariant, size: number): Promise<number> {
  const matrices = await Matrices.create(gpu, size);
  try {
    matrices.submit(await compile(gpu, matmulSource(variant, size)), variant, 1);
    return await matrices.error();
  } finally {
    matrices.destroy();
  }
}

class Matrices {
  readonly #gpu: Gpu;
  readonly #size: number;
  readonly #a: Float32Array<ArrayBuffer>;
  readonly #b: Float32Array<ArrayBuffer>;
  readonly #buffers: { readonly a: GPUBuffer; readonly b: GPUBuffer; readonly c: GPUBuffer };

  private constructor(gpu: Gpu, size: number, buffers: { a: GPUBuffer; b: GPUBuffer; c: GPUBuffer }) {
    this.#gpu = gpu;
    this.#size = size;
    this.#buffers = buffers;
    const random = new Random(size);
    this.#a = Float32Array.from({ length: size * size }, () => random.uniform() - 0.5);
    this.#b = Float32Array.from({ length: size * size }, () => random.uniform() - 0.5);
    gpu.device.queue.writeBuffer(buffers.a, 0, this.#a);
    gpu.device.queue.writeBuffer(buffers.b, 0, this.#b);
  }

  static create(gpu: Gpu, size: number): Promise<Matrices> {
    return gpu.guarded('Measuring the matmul rate', () => {
      const buffer = () => storage(gpu, size * size * 4);
      return new Matrices(gpu, size, { a: buffer(), b: buffer(), c: buffer() });
    });
  }

  /** Milliseconds of one run, several times. Throws if the product is wrong. */
  async time(pipeline: GPUComputePipeline, variant: MatmulVariant, now: Now): Promise<number[]> {
    const run = (times: number) => this.submit(pipeline, variant, times);
    const milliseconds = await timed(this.#gpu, run, now);
    const error = await this.error();
    if (!(error < 1e-4))
      throw new Error(`A matmul kernel is wrong here (${variantName(variant)}): ${error}.`);
    return milliseconds;
  }

  submit(pipeline: GPUComputePipeline, variant: MatmulVariant, times: number): void {
    const { device } = this.#gpu;
    const { a, b, c } = this.#buffers;
    const bindGroup = device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [a, b, c].map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
    const [rows, columns] = tileOf(variant);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    for (let i = 0; i < times; i++) pass.dispatchWorkgroups(this.#size / columns, this.#size / rows);
    pass.end();
    device.queue.submit([encoder.finish()]);
  }

  /** Of entries all over the product, against float64. */
  async error(): Promise<number> {
    const size = this.#size;
    const c = await readBuffer(this.#gpu, this.#buffers.c, size * size * 4);
    let worst = 0;
    let largest = 0;
    for (let probe = 0; probe < 256; probe++) {
      const row = (probe * 37) % size;
      const column = (probe * 101 + 13) % size;
      let sum = 0;
      for (let k = 0; k < size; k++) sum += this.#a[row * size + k]! * this.#b[k * size + column]!;
      worst = Math.max(worst, Math.abs(sum - c[row * size + column]!));
      largest = Math.max(largest, Math.abs(sum));
      if (Number.isNaN(worst)) return NaN;
    }
    return worst / largest;
  }

  destroy(): void {
    for (const buffer of Object.values(this.#buffers)) buffer.destroy();
  }
}

const copyThreads = 256;
const copySource = /* wgsl */ `
@group(0) @binding(0) var<storage, read> source: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> result: array<vec4f>;

@compute @workgroup_size(${copyThreads})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let step = groups.x * ${copyThreads}u;
  for (var i = id.x; i < arrayLength(&result); i += step) { result[i] = source[i]; }
}
`;

/** Bytes per second, read and written both counted: the better of the queue's own copy and a kernel's. */
export async function measureCopy(gpu: Gpu, now: Now): Promise<Peak> {
  const { device } = gpu;
  const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
  const wanted = (gpu.isSoftware ? 32 : 128) * 2 ** 20; // more than the caches hold
  const bytes = Math.min(
    wanted,
    Math.floor(Math.min(maxBufferSize, maxStorageBufferBindingSize) / 256) * 256,
  );
  const [from, to] = await gpu.guarded('Measuring the copy bandwidth', () => [
    storage(gpu, bytes),
    storage(gpu, bytes),
  ]);
  if (!from || !to) throw new Error('No buffers to copy.');
  try {
    const found: { name: string; rates: number[] }[] = [];
    const keep = (name: string, milliseconds: readonly number[]) =>
      found.push({ name, rates: milliseconds.map((ms) => (2 * bytes) / (ms / 1000)) });
    const copies = (times: number) => {
      const encoder = device.createCommandEncoder();
      for (let i = 0; i < times; i++) encoder.copyBufferToBuffer(from, 0, to, 0, bytes);
      device.queue.submit([encoder.finish()]);
    };
    keep(`${bytes / 2 ** 20} MB, buffer to buffer`, await timed(gpu, copies, now));
    const pipeline = await compile(gpu, copySource);
    const bindGroup = device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [from, to].map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
    const groups = Math.min(65_535, bytes / 16 / copyThreads / 4);
    const kernels = (times: number) => {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      for (let i = 0; i < times; i++) pass.dispatchWorkgroups(groups);
      pass.end();
      device.queue.submit([encoder.finish()]);
    };
    keep(`${bytes / 2 ** 20} MB, by a kernel`, await timed(gpu, kernels, now));
    return bestOf(found);
  } finally {
    from.destroy();
    to.destroy();
  }
}

/** Milliseconds of one run, several times, each the mean over enough runs in one submit. */
async function timed(gpu: Gpu, submit: (times: number) => void, now: Now): Promise<number[]> {
  const once = async (times: number) => {
    const start = now();
    submit(times);
    await gpu.device.queue.onSubmittedWorkDone();
    gpu.check();
    return (now() - start) / times;
  };
  await once(1); // compiles, where the driver does that at the first use
  const times = Math.max(1, Math.min(200, Math.ceil(timingMs / Math.max(0.01, await once(2)))));
  const milliseconds: number[] = [];
  for (let i = 0; i < timings; i++) milliseconds.push(await once(times));
  return milliseconds;
}

function bestOf(found: readonly { readonly name: string; readonly rates: readonly number[] }[]): Peak {
  const ranked = found
    .map(({ name, rates }) => ({ name, spread: quantilesOf(rates) }))
    .sort((a, b) => b.spread.median - a.spread.median);
  const [best] = ranked;
  if (!best) throw new Error('Nothing was measured.');
  return {
    perSecond: best.spread,
    best: best.name,
    tried: ranked.map(({ name, spread }) => ({ name, perSecond: spread.median })),
  };
}

function storage(gpu: Gpu, size: number): GPUBuffer {
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  return gpu.device.createBuffer({ size, usage });
}

async function compile(gpu: Gpu, code: string): Promise<GPUComputePipeline> {
  const module = gpu.device.createShaderModule({ code });
  return gpu.device.createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint: 'main' } });
}
