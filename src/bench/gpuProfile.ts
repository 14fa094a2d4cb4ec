/**
 * A `GPU` that times every dispatch by itself, with timestamp queries: where a step's time goes.
 *
 * While `profile` runs, each dispatch has a pass of its own, so the sum is more than the step takes otherwise (a pass is a
 * barrier): the shares say what to work on, the speed is `measure.ts`'s to say. Nothing is left out silently: dispatches beyond the query
 * set are counted as untimed. Outside `profile` the engine's calls are passed on as they are.
 */
import { interceptDevices, overlay } from '../engine/wgsl/device/interceptDevices.ts';

export interface KernelTime {
  /** The pipeline's label. */
  readonly kernel: string;
  readonly dispatches: number;
  readonly milliseconds: number;
}

export interface GpuProfile {
  /** Longest first. */
  readonly kernels: readonly KernelTime[];
  readonly milliseconds: number;
  readonly untimed: number;
}

export interface ProfilingGpu {
  readonly gpu: GPU;
  /** Time what any device of this `gpu` is asked for while `work` runs; `work` ends with the GPU idle. */
  profile(work: () => Promise<unknown>): Promise<GpuProfile>;
}

/** Timestamps of one query set: WebGPU's limit. */
const QUERIES = 4096;

/** Rejects, when a device is asked for, where the adapter has no timestamp queries. */
export function profilingGpu(gpu: GPU): ProfilingGpu {
  let recorder: Recorder | undefined;
  const tapped = interceptDevices(gpu, async (requestDevice, adapter, descriptor) => {
    if (!adapter.features.has('timestamp-query'))
      throw new Error('This adapter has no timestamp queries, so kernels cannot be timed here.');
    const requiredFeatures: GPUFeatureName[] = [...(descriptor?.requiredFeatures ?? []), 'timestamp-query'];
    const device = await requestDevice({ ...descriptor, requiredFeatures });
    recorder = new Recorder(device);
    return device;
  });
  return {
    gpu: tapped,
    profile: (work) => {
      if (!recorder) throw new Error('No device has been asked for yet.');
      return recorder.record(work);
    },
  };
}

class Recorder {
  readonly #device: GPUDevice;
  readonly #querySet: GPUQuerySet;
  readonly #labels: string[] = []; // of dispatch i, whose timestamps are 2 i and 2 i + 1
  #recording = false;
  #untimed = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
    this.#querySet = device.createQuerySet({ type: 'timestamp', count: QUERIES });
    const createCommandEncoder = device.createCommandEncoder.bind(device);
    overlay(device, 'createCommandEncoder', (descriptor?: GPUCommandEncoderDescriptor) => {
      const encoder = createCommandEncoder(descriptor);
      if (this.#recording) this.#splitPasses(encoder);
      return encoder;
    });
  }

  async record(work: () => Promise<unknown>): Promise<GpuProfile> {
    this.#labels.length = 0;
    this.#untimed = 0;
    this.#recording = true;
    try {
      await work();
    } finally {
      this.#recording = false;
    }
    const times = await this.#read();
    const byKernel = new Map<string, { dispatches: number; milliseconds: number }>();
    this.#labels.forEach((kernel, i) => {
      const nanoseconds = Number(times[2 * i + 1]! - times[2 * i]!);
      const sum = byKernel.get(kernel) ?? { dispatches: 0, milliseconds: 0 };
      sum.dispatches++;
      sum.milliseconds += nanoseconds / 1e6;
      byKernel.set(kernel, sum);
    });
    const kernels = [...byKernel]
      .map(([kernel, sum]) => ({ kernel, ...sum }))
      .sort((a, b) => b.milliseconds - a.milliseconds);
    const milliseconds = kernels.reduce((sum, kernel) => sum + kernel.milliseconds, 0);
    return { kernels, milliseconds, untimed: this.#untimed };
  }

  /** A pass that begins a real one for every dispatch. */
  #splitPasses(encoder: GPUCommandEncoder): void {
    const beginComputePass = encoder.beginComputePass.bind(encoder);
    overlay(encoder, 'beginComputePass', () => {
      let pipeline: GPUComputePipeline | undefined;
      const groups = new Map<number, GPUBindGroup>();
      const pass: Pick<GPUComputePassEncoder, 'setPipeline' | 'setBindGroup' | 'dispatchWorkgroups' | 'end'> =
        {
          setPipeline: (next) => {
            pipeline = next;
            return undefined;
          },
          setBindGroup: (index: number, group?: GPUBindGroup | null) => {
            if (group) groups.set(index, group);
            return undefined;
          },
          dispatchWorkgroups: (x, y, z) => {
            const timed = beginComputePass(this.#timestamps(pipeline?.label ?? 'unnamed'));
            if (pipeline) timed.setPipeline(pipeline);
            for (const [index, group] of groups) timed.setBindGroup(index, group);
            timed.dispatchWorkgroups(x, y, z);
            timed.end();
            return undefined;
          },
          end: () => undefined,
        };
      return pass;
    });
  }

  #timestamps(label: string): GPUComputePassDescriptor {
    const index = 2 * this.#labels.length;
    if (index + 2 > QUERIES) {
      this.#untimed++;
      return {};
    }
    this.#labels.push(label);
    return {
      timestampWrites: {
        querySet: this.#querySet,
        beginningOfPassWriteIndex: index,
        endOfPassWriteIndex: index + 1,
      },
    };
  }

  async #read(): Promise<BigUint64Array> {
    const count = 2 * this.#labels.length;
    if (count === 0) return new BigUint64Array();
    const size = count * 8;
    const resolved = this.#device.createBuffer({
      size,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
    const staging = this.#device.createBuffer({
      size,
      usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
    });
    try {
      const encoder = this.#device.createCommandEncoder();
      encoder.resolveQuerySet(this.#querySet, 0, count, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, size);
      this.#device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      return new BigUint64Array(staging.getMappedRange().slice(0));
    } finally {
      resolved.destroy();
      staging.destroy();
    }
  }
}
