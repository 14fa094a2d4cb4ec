/**
 * Whether what a browser offers as a GPU is one: some imitate it on the processor, which is correct and slow.
 *
 * Browsers ship SwiftShader (Chromium), Linux has llvmpipe (lavapipe is its Vulkan), Windows WARP ("Microsoft Basic Render Driver").
 */

/** What a WebGPU adapter or a WebGL renderer says of itself. */
export interface AdapterIdentity {
  readonly name: string;
  /** WebGPU's `GPUAdapterInfo.isFallbackAdapter`, where there is one. */
  readonly isFallback?: boolean | undefined;
}

export function isSoftwareAdapter({ name, isFallback = false }: AdapterIdentity): boolean {
  return isFallback || /swiftshader|llvmpipe|lavapipe|\bwarp\b|basic render|\bsoftware\b|\bcpu\b/i.test(name);
}
