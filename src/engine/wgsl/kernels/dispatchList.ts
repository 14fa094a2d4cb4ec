/**
 * A dispatch list: what a static plan replays.
 *
 * Invariant: specs become bind groups once, in `buildDispatches`; `encode` afterwards creates no GPU object. The grid's
 * first side follows the number of rows in use, so one plan serves every batch up to its capacity without wasted work.
 */
import type { Gpu } from '../device/device.ts';
import type { Kernel, KernelLibrary, KernelSpec } from './kernels.ts';

export type Binding = GPUBuffer | GPUBufferBinding;

export interface DispatchSpec {
  readonly kernel: KernelSpec;
  /** By the variable names of the `.wgsl` file. */
  readonly bindings: Readonly<Record<string, Binding>>;
  /**
   * Workgroups along x: fixed, or enough for `perRow` units of work for every `rowsPerUnit` rows (default 1), in workgroups
   * of `groupSize` units.
   */
  readonly x: number | { readonly perRow: number; readonly rowsPerUnit?: number; readonly groupSize: number };
  readonly y?: number;
  readonly z?: number;
}

export interface Dispatch {
  readonly label: string;
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly fixed: number; // workgroups along x, when perRow is 0
  readonly perRow: number;
  readonly rowsPerUnit: number;
  readonly groupSize: number;
  readonly y: number;
  readonly z: number;
}

/** Compile what is missing and make the bind groups. Rejects with a sentence that names the kernel. */
export async function buildDispatches(
  gpu: Gpu,
  library: KernelLibrary,
  specs: readonly DispatchSpec[],
): Promise<readonly Dispatch[]> {
  const kernels = await library.compile(specs.map((spec) => spec.kernel));
  return gpu.guarded('Making the plan', () =>
    specs.map((spec, i) => buildDispatch(gpu.device, spec, kernels[i] as Kernel)),
  );
}

function buildDispatch(device: GPUDevice, spec: DispatchSpec, kernel: Kernel): Dispatch {
  const entries = Object.entries(spec.bindings).map(([name, resource]) => {
    const binding = kernel.bindings.get(name);
    if (binding === undefined) throw new Error(`${spec.kernel.file} binds no variable named ${name}.`);
    return { binding, resource: 'buffer' in resource ? resource : { buffer: resource } };
  });
  const work = typeof spec.x === 'number' ? { perRow: 0, groupSize: 1 } : spec.x;
  return {
    label: spec.kernel.file,
    pipeline: kernel.pipeline,
    bindGroup: device.createBindGroup({
      label: spec.kernel.file,
      layout: kernel.pipeline.getBindGroupLayout(0),
      entries,
    }),
    fixed: typeof spec.x === 'number' ? spec.x : 0,
    perRow: work.perRow,
    rowsPerUnit: ('rowsPerUnit' in work ? work.rowsPerUnit : undefined) ?? 1,
    groupSize: work.groupSize,
    y: spec.y ?? 1,
    z: spec.z ?? 1,
  };
}

/** Replay a list inside a pass for `rows` rows. */
export function encodeDispatches(
  pass: GPUComputePassEncoder,
  dispatches: readonly Dispatch[],
  rows: number,
): void {
  let current: GPUComputePipeline | undefined;
  for (const dispatch of dispatches) {
    if (dispatch.pipeline !== current) {
      pass.setPipeline(dispatch.pipeline);
      current = dispatch.pipeline;
    }
    pass.setBindGroup(0, dispatch.bindGroup);
    const x =
      dispatch.perRow > 0
        ? Math.ceil((Math.ceil(rows / dispatch.rowsPerUnit) * dispatch.perRow) / dispatch.groupSize)
        : dispatch.fixed;
    pass.dispatchWorkgroups(x, dispatch.y, dispatch.z);
  }
}
