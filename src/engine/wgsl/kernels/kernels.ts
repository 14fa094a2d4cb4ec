/**
 * Compiled kernels: one pipeline per (file, constants), compiled once per device, in parallel, with progress.
 *
 * A kernel that does not compile rejects with a message that names the `.wgsl` file and line.
 */
import type { Gpu } from '../device/device.ts';
import { DeviceFault } from '../device/device.ts';
import { kernelFiles } from './kernelFiles.ts';
import { expandShader, type ShaderConstants, type ShaderSource } from './shaderSource.ts';

export interface KernelSpec {
  readonly file: string; // in kernels/
  readonly constants: ShaderConstants;
  readonly floats?: Readonly<Record<string, number>>;
}

export interface Kernel {
  readonly spec: KernelSpec;
  readonly pipeline: GPUComputePipeline;
  readonly bindings: ReadonlyMap<string, number>;
}

export interface CompileProgress {
  readonly compiled: number;
  readonly total: number;
}

/** Compiles and caches; `get` hands out what `compile` has made. */
export class KernelLibrary {
  readonly #gpu: Gpu;
  readonly #kernels = new Map<string, Promise<Kernel>>();
  readonly #onProgress: ((progress: CompileProgress) => void) | undefined;
  readonly #files: Readonly<Record<string, string>>;
  #compiled = 0;

  constructor(gpu: Gpu, onProgress?: (progress: CompileProgress) => void, files = kernelFiles) {
    this.#gpu = gpu;
    this.#onProgress = onProgress;
    this.#files = files;
  }

  /** Compile all of `specs` that are new, in parallel, and return them in order. */
  compile(specs: readonly KernelSpec[]): Promise<readonly Kernel[]> {
    return Promise.all(
      specs.map((spec) => {
        const key = JSON.stringify([spec.file, spec.constants, spec.floats]);
        const known = this.#kernels.get(key);
        if (known) return known;
        const kernel = this.#compile(spec).then((made) => {
          this.#compiled++;
          this.#onProgress?.({ compiled: this.#compiled, total: this.#kernels.size });
          return made;
        });
        this.#kernels.set(key, kernel);
        return kernel;
      }),
    );
  }

  async #compile(spec: KernelSpec): Promise<Kernel> {
    const source = expandShader(this.#files, spec.file, spec.constants, spec.floats);
    const { device } = this.#gpu;
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ label: spec.file, code: source.code });
    const invalid = device.popErrorScope();
    const { messages } = await module.getCompilationInfo();
    const errors = messages.filter((message) => message.type === 'error');
    if (errors.length > 0) throw new DeviceFault(errors.map((e) => located(source, e)).join('\n'));
    const failure = await invalid;
    if (failure) throw new DeviceFault(`${spec.file}: ${failure.message}`);
    try {
      const pipeline = await device.createComputePipelineAsync({
        label: kernelLabel(spec),
        layout: 'auto',
        compute: { module, entryPoint: 'main' },
      });
      return { spec, pipeline, bindings: source.bindings };
    } catch (error) {
      throw new DeviceFault(`${spec.file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

/** The file and the switches that are on: what tells two kernels of one file apart in a profile. */
export function kernelLabel({ file, constants }: KernelSpec): string {
  const on = Object.keys(constants).filter((name) => constants[name] === true);
  return [file, ...on].join(' ');
}

function located(source: ShaderSource, message: GPUCompilationMessage): string {
  const origin = source.origins[message.lineNum - 1];
  const place = origin ? `${origin.file}:${origin.line}:${message.linePos}` : 'unknown line';
  return `${place}: ${message.message}`;
}
