/**
 * Reading back where the browser notices finished work only at submits, on a device that is none: it is nudged while the result is
 * awaited, and no longer. That Firefox itself wakes up by it is not tested here.
 */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readStaging } from './buffers.ts';
import type { Gpu } from './device.ts';

/** A device whose mapping is settled by the test, and a count of what was submitted. */
function fakeGpu(noticesAtSubmits: boolean) {
  const submitted: number[] = []; // command buffers of each submit
  let succeed = (): void => undefined;
  let fail: (error: Error) => void = () => undefined;
  const mapped = new Promise<void>((resolve, reject) => {
    succeed = resolve;
    fail = reject;
  });
  const device = {
    createCommandEncoder: () => ({ finish: () => ({}) }),
    queue: { submit: (buffers: readonly unknown[]) => submitted.push(buffers.length) },
  };
  const gpu = { device, noticesAtSubmits, check: () => undefined } as unknown as Gpu;
  const staging = {
    mapAsync: () => mapped,
    getMappedRange: () => Float32Array.of(1, 2).buffer,
    unmap: () => undefined,
  } as unknown as GPUBuffer;
  return { gpu, staging, submitted, succeed, fail };
}

describe('reading back', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('GPUMapMode', { READ: 1 });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('submits nothing but a nudge while it waits, and stops with the result', async () => {
    const { gpu, staging, submitted, succeed } = fakeGpu(true);
    const read = readStaging(gpu, staging, 8);
    await vi.advanceTimersByTimeAsync(10);
    expect(submitted.length).toBeGreaterThanOrEqual(5);
    expect(submitted.length).toBeLessThanOrEqual(10);
    succeed();
    expect(new Float32Array(await read)).toEqual(Float32Array.of(1, 2));
    const until = submitted.length;
    await vi.advanceTimersByTimeAsync(1000);
    expect(submitted.length).toBe(until);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('stops where the mapping fails, and after about a second where it never ends', async () => {
    const failing = fakeGpu(true);
    const read = readStaging(failing.gpu, failing.staging, 8);
    failing.fail(new Error('The buffer was destroyed.'));
    await expect(read).rejects.toThrow('Reading back failed: The buffer was destroyed.');
    expect(vi.getTimerCount()).toBe(0);

    const endless = fakeGpu(true);
    void readStaging(endless.gpu, endless.staging, 8);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(endless.submitted.length).toBe(256);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('submits nothing where the browser wakes the page by itself', async () => {
    const { gpu, staging, submitted, succeed } = fakeGpu(false);
    const read = readStaging(gpu, staging, 8);
    await vi.advanceTimersByTimeAsync(500);
    succeed();
    await read;
    expect(submitted).toEqual([]);
  });
});
