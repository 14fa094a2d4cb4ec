import { expect, test } from 'vitest';
import { isSoftwareAdapter } from './softwareAdapter.ts';

test.each([
  'google swiftshader SwiftShader Device (Subzero)',
  'mesa llvmpipe (LLVM 15.0.6, 256 bits)',
  'llvmpipe lavapipe',
  'microsoft warp Microsoft Basic Render Driver',
  'ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (Subzero) (0x0000C0DE)), SwiftShader driver)',
  'ANGLE (Microsoft, Microsoft Basic Render Driver Direct3D11 vs_5_0 ps_5_0)',
])('%s is a processor', (name) => {
  expect(isSoftwareAdapter({ name })).toBe(true);
});

test.each([
  'nvidia ampere',
  'apple metal-3 Apple M2',
  'intel gen-12lp',
  'ANGLE (NVIDIA, NVIDIA GeForce RTX 3080)',
])('%s is a GPU, unless the browser says it is a fallback', (name) => {
  expect(isSoftwareAdapter({ name })).toBe(false);
  expect(isSoftwareAdapter({ name, isFallback: false })).toBe(false);
  expect(isSoftwareAdapter({ name, isFallback: true })).toBe(true);
});
