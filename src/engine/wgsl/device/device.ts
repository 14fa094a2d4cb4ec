/**
 * The GPU device: how it is asked for, what is watched, and how its faults become sentences.
 *
 * Invariant: nothing fails silently. A validation or out-of-memory error anywhere becomes a `DeviceFault` that the next
 * awaited call throws; a lost device resolves `lost` with a sentence and never rejects.
 */
import { isSoftwareAdapter, type AdapterIdentity } from '../../softwareAdapter.ts';

/** There is no WebGPU here, or no adapter; `message` is a sentence for people. */
export class WgslUnavailableError extends Error {
  override readonly name = 'WgslUnavailableError';
}

/** The device refused something: a validation error, out of memory, or it is gone. */
export class DeviceFault extends Error {
  override readonly name = 'DeviceFault';
}

export interface Gpu {
  readonly device: GPUDevice;
  readonly adapterName: string;
  /** True for a CPU rasteriser (SwiftShader, llvmpipe): work is then cut into smaller submits. */
  readonly isSoftware: boolean;
  /**
   * Lanes of a subgroup where matrix products and attention go through subgroups, 0 where they take the plain kernels.
   * PERFORMANCE.md says where they win.
   */
  readonly subgroupLanes: number;
  /** The browser notices finished work only every 100 ms, or when something is submitted (Firefox). */
  readonly noticesAtSubmits: boolean;
  readonly lost: Promise<string>;
  /** Throws the first uncaptured error, if there was one. */
  check(): void;
  /** Run `create` with errors captured; rejects with what the device said, prefixed with `doing`. */
  guarded<T>(doing: string, create: () => T): Promise<T>;
  destroy(): void;
}

/**
 * Which variant of the kernels to take: threads sharing a row's sum on a GPU, none on a CPU rasteriser; there with or without
 * subgroups in matrix products and attention.
 */
export type Tuning = 'gpu' | 'software' | 'software-subgroups';

/** Subgroups of this many lanes win (llvmpipe's 8); of four (SwiftShader's) they draw, and a GPU has not been measured. */
const WINNING_LANES = 8;

/** In Node with its own GPU there may be no navigator. */
function isFirefox(): boolean {
  return typeof navigator !== 'undefined' && navigator.userAgent.includes('Firefox/');
}

/** Lanes of every subgroup here, 0 where there are none or their number is not fixed. */
function fixedLanes({ features, info }: GPUAdapter): number {
  const { subgroupMinSize: least, subgroupMaxSize: most } = info; // undefined in browsers of before subgroups
  return features.has('subgroups') && least > 0 && least === most ? least : 0;
}

function tuningOf(adapter: AdapterIdentity, lanes: number): Tuning {
  if (!isSoftwareAdapter(adapter)) return 'gpu';
  return lanes === WINNING_LANES ? 'software-subgroups' : 'software';
}

/**
 * Open a device with as much memory per buffer as the adapter allows. Rejects with `WgslUnavailableError`.
 * @param tuning by default what the adapter is; tests take both
 */
export async function openDevice(gpu: GPU | undefined, tuning?: Tuning): Promise<Gpu> {
  if (!gpu) {
    throw new WgslUnavailableError(
      'This browser has no WebGPU. Chrome, Edge, Safari 26 and Firefox on Windows or macOS have it.',
    );
  }
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) {
    throw new WgslUnavailableError('The browser has WebGPU but found no graphics adapter it may use.');
  }
  const { vendor, architecture, description, device: model, isFallbackAdapter: isFallback } = adapter.info;
  const adapterName =
    [vendor, architecture, description || model].filter(Boolean).join(' ') || 'unnamed adapter';
  const lanes = fixedLanes(adapter);
  const chosen = tuning ?? tuningOf({ name: adapterName, isFallback }, lanes);
  const withSubgroups = chosen === 'software-subgroups' && lanes > 0;
  let device: GPUDevice;
  try {
    device = await adapter.requestDevice({
      requiredFeatures: withSubgroups ? ['subgroups'] : [],
      requiredLimits: {
        maxBufferSize: adapter.limits.maxBufferSize,
        maxStorageBufferBindingSize: adapter.limits.maxStorageBufferBindingSize,
      },
    });
  } catch (error) {
    throw new WgslUnavailableError(
      `The graphics adapter refused a device: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  let fault: string | undefined;
  let destroyed = false;
  device.addEventListener('uncapturederror', (event) => {
    fault ??= event.error.message;
  });
  const lost = new Promise<string>((resolve) => {
    void device.lost.then((info) => {
      const sentence = destroyed
        ? 'The engine was disposed of.'
        : `The graphics device was lost${info.message ? `: ${info.message}` : '.'}`;
      fault ??= sentence;
      if (!destroyed) resolve(sentence); // disposing is no fault that anyone needs to hear of
    });
  });
  return {
    device,
    adapterName,
    isSoftware: chosen !== 'gpu',
    subgroupLanes: withSubgroups ? lanes : 0,
    noticesAtSubmits: isFirefox(),
    lost,
    check() {
      if (fault !== undefined) throw new DeviceFault(fault);
    },
    async guarded(doing, create) {
      // Scopes are pushed and popped without an await between, so that concurrent calls cannot mix up theirs.
      device.pushErrorScope('out-of-memory');
      device.pushErrorScope('validation');
      let created: ReturnType<typeof create>;
      let scopes;
      try {
        created = create();
      } finally {
        scopes = Promise.all([device.popErrorScope(), device.popErrorScope()]);
      }
      const [invalid, exhausted] = await scopes;
      if (exhausted) throw new DeviceFault(`${doing}: the graphics device is out of memory.`);
      if (invalid) throw new DeviceFault(`${doing}: ${invalid.message}`);
      return created;
    },
    destroy() {
      destroyed = true;
      device.destroy();
    },
  };
}
