/**
 * Which build of the kernels runs, and its compiled module.
 *
 * Invariant: a build is compiled once in a process or worker, however many engines it makes.
 */

/** Two builds of one source: `plain` runs wherever WebAssembly has SIMD, `relaxed` has fused multiply-add as well. */
export type KernelBuild = 'plain' | 'relaxed';

/** The engine cannot run here; `message` is a sentence for people. */
export class SimdUnavailableError extends Error {
  override readonly name = 'SimdUnavailableError';
}

export interface KernelModule {
  readonly build: KernelBuild;
  readonly module: WebAssembly.Module;
}

/** A function of one f32x4.relaxed_madd, the smallest module that only relaxed SIMD makes valid. */
// prettier-ignore
const relaxedProbe = Uint8Array.of(
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, // magic, version
  1, 8, 1, 0x60, 3, 0x7b, 0x7b, 0x7b, 1, 0x7b, // type: (v128, v128, v128) -> v128
  3, 2, 1, 0, // one function of that type
  10, 13, 1, 11, 0, 0x20, 0, 0x20, 1, 0x20, 2, 0xfd, 0x85, 2, 0x0b, // its code
);

/** The best build that this browser or Node runs. */
export function bestBuild(): KernelBuild {
  allowRelaxedSimd();
  return WebAssembly.validate(relaxedProbe) ? 'relaxed' : 'plain';
}

const compiled = new Map<KernelBuild, Promise<KernelModule>>();

/** @throws SimdUnavailableError where WebAssembly, its SIMD or its shared memory is missing */
export function kernelModule(build: KernelBuild): Promise<KernelModule> {
  const known = compiled.get(build);
  if (known) return known;
  const made = compile(build);
  compiled.set(build, made);
  made.catch(() => compiled.delete(build));
  return made;
}

async function compile(build: KernelBuild): Promise<KernelModule> {
  const bytes = await kernelBytes(build);
  if (build === 'relaxed') allowRelaxedSimd();
  if (!WebAssembly.validate(bytes)) {
    throw new SimdUnavailableError(
      'This browser has no SIMD in WebAssembly. Update it, or choose another engine in the settings.',
    );
  }
  return { build, module: await WebAssembly.compile(bytes) };
}

async function kernelBytes(build: KernelBuild): Promise<Uint8Array<ArrayBuffer>> {
  const { default: base64 } =
    build === 'relaxed'
      ? await import('./assembly/index.ts?kernels=relaxed')
      : await import('./assembly/index.ts?kernels=plain');
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** Node 20 has relaxed SIMD behind a flag, which may be set at run time; later Nodes and browsers need nothing. */
function allowRelaxedSimd(): void {
  if (typeof process === 'undefined' || !process.versions?.node) return;
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 22) process.getBuiltinModule('node:v8').setFlagsFromString('--experimental-wasm-relaxed-simd');
}
