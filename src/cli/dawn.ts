/**
 * WebGPU in Node: Dawn, through the npm package `webgpu`, on whatever Vulkan, Metal or Direct3D finds.
 *
 * An adapter is either found and named, or there is one sentence that says what to install. Software adapters are
 * taken, and named as such: a study on them is slow, not wrong.
 */
import { create, globals } from 'webgpu';

/** Dawn's instance dies with its JavaScript object, and what waits for the GPU then waits for ever; so the object is kept. */
let instance: GPU | undefined;

/** Dawn's `GPU`, with timestamps as fine as the device's (a browser's are blurred) and the WebGPU constants (`GPUBufferUsage` and so on) put where browsers have them. */
export function openDawn(): GPU {
  Object.assign(globalThis, globals);
  return (instance ??= create(['disable-dawn-features=timestamp_quantization']));
}
