/**
 * The order in which engines are tried, for the page and for the commands: the first that can run is taken, and each that cannot says why.
 *
 * Only "cannot run here" is passed over; any other error is a fault and is thrown.
 */
import type { EngineDescription, PolicyEngine } from './engine.ts';
import { SimdUnavailableError } from './simd/kernelModule.ts';
import { SimdMemoryError } from './simd/kernels.ts';
import { WgslUnavailableError } from './wgsl/device/device.ts';

/** An engine that was started, and what to tell people of it. */
export interface ChosenEngine {
  readonly engine: PolicyEngine;
  /** The engine's own, with why no other one runs in front of its reason. */
  readonly description: EngineDescription;
}

export interface Choice<T> {
  readonly chosen: T;
  /** One sentence for each that was tried before. */
  readonly refusals: readonly string[];
}

/** The first attempt that does not reject with "cannot run here"; what the last one rejects with is thrown. */
export async function firstThatRuns<T>(attempts: readonly (() => Promise<T>)[]): Promise<Choice<T>> {
  const refusals: string[] = [];
  for (const [i, attempt] of attempts.entries()) {
    try {
      return { chosen: await attempt(), refusals };
    } catch (error) {
      if (!cannotRunHere(error) || i === attempts.length - 1) throw error;
      refusals.push(error.message);
    }
  }
  throw new Error('There is no engine to try.');
}

/** Whether an engine that rejected with this may run elsewhere, or another one here. */
export function cannotRunHere(error: unknown): error is Error {
  return (
    error instanceof WgslUnavailableError ||
    error instanceof SimdUnavailableError ||
    error instanceof SimdMemoryError
  );
}

/** @throws WgslUnavailableError where the adapter is imitated on the processor, which our kernels for processors outrun */
export function insistOnGpu({ isSoftware, adapter }: EngineDescription): void {
  if (!isSoftware) return;
  throw new WgslUnavailableError(
    `The only graphics adapter here is imitated on the processor (${adapter}), which is slower than using the processor itself.`,
  );
}

/** Why the others do not run, then why this one does. */
export function withRefusals(description: EngineDescription, refusals: readonly string[]): EngineDescription {
  return { ...description, reason: [...refusals, description.reason].join(' ') };
}
