/**
 * What stopped a run, from what it threw. A lost device makes whatever waits for it fail too, in an order nobody promises; the loss is
 * what is reported, once.
 */
import { NonFiniteLossError, type PolicyEngine } from '../engine/engine.ts';
import { DeviceFault } from '../engine/wgsl/device/device.ts';
import { MemoryPlanError } from '../engine/wgsl/memory/memoryPlan.ts';
import { SandboxUnavailableError } from '../sandbox/sandbox.ts';
import { EmptyColdStartError } from '../train/pool.ts';
import type { FailureSource } from './protocol.ts';

/** How long a loss may come after the error that it caused, milliseconds. */
const lossPatience = 200;

/** The sentence of a device that was lost at about this time; null where none was. */
export function deviceLoss(engine: PolicyEngine): Promise<string | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const quiet = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), lossPatience);
  });
  return Promise.race([engine.lost, quiet]).finally(() => clearTimeout(timer));
}

export function failureSource(error: unknown): FailureSource {
  if (error instanceof NonFiniteLossError) return 'numerics';
  if (error instanceof EmptyColdStartError) return 'settings';
  // Out of memory, or a call the device refused.
  if (error instanceof DeviceFault || error instanceof MemoryPlanError) return 'engine';
  if (error instanceof SandboxUnavailableError) return 'sandbox';
  return 'trainer';
}
