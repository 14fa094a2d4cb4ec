/**
 * Choosing and starting a tfjs backend, and saying so in words.
 *
 * A backend is tried before it is named: the description always tells what really runs. WebGPU runs on
 * a device that this file requested, so its loss and its uncaptured errors are seen (the stock factory hides both, and throws where
 * there is no adapter). The package brings the `webgl` and `cpu` backends along; the code of
 * `wasm` and `webgpu` is loaded when it is chosen. tfjs has one current backend per thread, so
 * there may be one portable engine at a time in a worker; backends once started stay for the next engine.
 */
import * as tf from '@tensorflow/tfjs';
import type { EngineDescription } from '../engine.ts';
import { isSoftwareAdapter } from '../softwareAdapter.ts';

export type TfjsBackendName = EngineDescription['backend'];

/** A full GPU first; then WebAssembly, which at these sizes beats WebGL's cost per op; JavaScript runs everywhere. */
export const defaultBackends: readonly TfjsBackendName[] = ['webgpu', 'wasm', 'webgl', 'cpu'];

export interface BackendOptions {
  /** In order of preference; the first that starts is taken. */
  readonly preferredBackends?: readonly TfjsBackendName[];
  /** Run on a GPU that is emulated by the CPU though another backend is left to try. */
  readonly acceptSoftwareAdapter?: boolean;
  /** URL of the folder with tfjs's .wasm files, ending in a slash. Not needed in Node. */
  readonly wasmPath?: string;
}

export interface StartedBackend {
  readonly name: TfjsBackendName;
  readonly adapter: string;
  /** It is a GPU's, and the CPU imitates that GPU. */
  readonly isImitated: boolean;
  /** Resolves with a sentence for people if the backend's device is gone; never rejects. */
  readonly lost: Promise<string>;
}

/** Why a backend did not start: half a sentence that follows "because". */
class BackendUnavailable extends Error {
  override readonly name = 'BackendUnavailable';
}

const titles: Readonly<Record<TfjsBackendName, string>> = {
  webgpu: 'WebGPU',
  webgl: 'WebGL',
  wasm: 'WebAssembly',
  cpu: 'plain JavaScript',
};

const never = new Promise<string>(() => undefined);
const started = new Map<TfjsBackendName, StartedBackend>();

/** Start the first backend that works and make it current. Throws one sentence that names every reason when none does. */
export async function startBackend(
  options: BackendOptions,
): Promise<{ backend: StartedBackend; description: EngineDescription }> {
  const preferred = options.preferredBackends ?? defaultBackends;
  const refusals: string[] = [];
  for (const [index, name] of preferred.entries()) {
    try {
      const backend = started.get(name) ?? (await start(name, options));
      started.set(name, backend);
      const isLast = index === preferred.length - 1;
      if (backend.isImitated && !isLast && !options.acceptSoftwareAdapter) {
        throw new BackendUnavailable(
          `the only GPU here is emulated in software (${backend.adapter}), slower than the CPU itself`,
        );
      }
      await useBackend(name);
      return { backend, description: describe(backend, refusals) };
    } catch (error) {
      refusals.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(`The portable engine found nothing to run on: ${refusals.join('; ')}.`);
}

/** Make a started backend tfjs's current one. */
export async function useBackend(name: TfjsBackendName): Promise<void> {
  if (tf.getBackend() === name) return;
  if (!(await tf.setBackend(name))) throw new BackendUnavailable(`${titles[name]} did not start`);
}

function describe(backend: StartedBackend, refusals: readonly string[]): EngineDescription {
  const reason =
    refusals.length === 0
      ? `The portable engine runs on ${titles[backend.name]}, its first choice here.`
      : `${capitalise(refusals.join('; '))}; so the portable engine runs on ${titles[backend.name]}.`;
  const { name, adapter, isImitated } = backend;
  const isSoftware = isImitated || name === 'wasm' || name === 'cpu';
  return { engine: 'tfjs', backend: name, adapter, isSoftware, reason };
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

async function start(name: TfjsBackendName, options: BackendOptions): Promise<StartedBackend> {
  tf.enableProdMode(); // skips tfjs's per-op shape logging and checks
  switch (name) {
    case 'webgpu':
      return startWebGpu();
    case 'webgl':
      return startWebGl();
    case 'wasm':
      return startWasm(options.wasmPath);
    case 'cpu':
      return { name, adapter: 'one CPU core', isImitated: false, lost: never };
  }
}

async function startWebGpu(): Promise<StartedBackend> {
  const gpu = typeof navigator === 'undefined' ? undefined : (navigator.gpu as GPU | undefined);
  if (!gpu) throw new BackendUnavailable('WebGPU is not available in this browser');
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new BackendUnavailable('the browser has WebGPU but offers no adapter for it');
  const device = await requestDevice(adapter);
  const lost = watch(device);
  const { WebGPUBackend } = await import('@tensorflow/tfjs-backend-webgpu');
  if (tf.findBackendFactory('webgpu')) tf.removeBackend('webgpu'); // the stock factory would open a device of its own
  tf.registerBackend('webgpu', () => new WebGPUBackend(device, adapter.info), 3);
  void lost.then(() => {
    started.delete('webgpu'); // the next engine starts a new device
    tf.removeBackend('webgpu');
  });
  const { vendor, architecture, description, isFallbackAdapter: isFallback } = adapter.info;
  const named = [vendor, architecture].filter((text) => text !== '').join(' ');
  return {
    name: 'webgpu',
    adapter: named || description || 'unnamed adapter',
    isImitated: isSoftwareAdapter({ name: `${named} ${description}`, isFallback }),
    lost,
  };
}

async function requestDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const { limits } = adapter;
  try {
    return await adapter.requestDevice({
      requiredLimits: {
        maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
        maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
        maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
        maxBufferSize: limits.maxBufferSize,
        maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
        maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      },
    });
  } catch (error) {
    const detail = error instanceof Error ? ` (${error.message})` : '';
    throw new BackendUnavailable(`the WebGPU adapter would not open a device${detail}`, { cause: error });
  }
}

/** Lost, or wrong: after an uncaptured error the device's numbers cannot be trusted. */
function watch(device: GPUDevice): Promise<string> {
  return new Promise((resolve) => {
    void device.lost.then(({ message }) => {
      resolve(`The GPU device was lost${message ? ` (${message})` : ''}.`);
    });
    device.addEventListener('uncapturederror', (event) => {
      resolve(`The GPU reported an error: ${event.error.message}`);
    });
  });
}

function startWebGl(): StartedBackend {
  if (typeof OffscreenCanvas === 'undefined') {
    throw new BackendUnavailable('WebGL is not available outside a page in this browser');
  }
  const context = new OffscreenCanvas(1, 1).getContext('webgl2');
  if (!context) throw new BackendUnavailable('WebGL 2 is not available in this browser');
  const names = context.getExtension('WEBGL_debug_renderer_info');
  const renderer = names ? (context.getParameter(names.UNMASKED_RENDERER_WEBGL) as unknown) : null;
  context.getExtension('WEBGL_lose_context')?.loseContext();
  if (!tf.env().getBool('WEBGL_RENDER_FLOAT32_ENABLED')) {
    throw new BackendUnavailable('WebGL here computes with 16-bit numbers, too few to train with');
  }
  return {
    name: 'webgl',
    adapter: typeof renderer === 'string' ? renderer : 'unnamed renderer',
    isImitated: typeof renderer === 'string' && isSoftwareAdapter({ name: renderer }),
    lost: never,
  };
}

async function startWasm(wasmPath: string | undefined): Promise<StartedBackend> {
  if (typeof WebAssembly === 'undefined') throw new BackendUnavailable('WebAssembly is not available');
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
  // The threaded build starts its threads from its own source text, which no longer runs once a bundler has minified
  // it; and matrices of this size gain little from threads.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  if (typeof self !== 'undefined' && wasmPath === undefined) {
    throw new BackendUnavailable("WebAssembly was not given the place of its files (the option 'wasmPath')");
  }
  if (wasmPath !== undefined) setWasmPaths(wasmPath);
  if (!(await tf.setBackend('wasm'))) throw new BackendUnavailable('WebAssembly did not start');
  return { name: 'wasm', adapter: 'one CPU core', isImitated: false, lost: never };
}
