/**
 * The decode plans of an engine: made when a session first moves, handed back when it is disposed of, reused when the
 * next session fits.
 *
 * At most one idle plan is kept, so that a page that goes from training to evaluation holds one cache, not two.
 */
import type { PolicyConfig } from '../../../policy/config.ts';
import type { Gpu } from '../device/device.ts';
import type { FlatParameters } from '../model/flatParameters.ts';
import type { KernelLibrary } from '../kernels/kernels.ts';
import { rolloutShape, type DeviceLimits } from '../memory/memoryPlan.ts';
import type { ChunkPlan, ChunkPlans } from './chunkPlan.ts';
import { DecodePlan } from './decodePlan.ts';

export interface RolloutResources {
  readonly gpu: Gpu;
  readonly library: KernelLibrary;
  readonly config: PolicyConfig;
  readonly parameters: FlatParameters;
  readonly limits: DeviceLimits;
}

export class DecodePlans implements ChunkPlans {
  readonly #resources: RolloutResources;
  readonly #made = new Set<DecodePlan>();
  #idle: DecodePlan | undefined;
  #idleSnapshot: GPUBuffer | undefined;

  constructor(resources: RolloutResources) {
    this.#resources = resources;
  }

  get vocabularySize(): number {
    return this.#resources.config.vocabularySize;
  }

  get isSoftware(): boolean {
    return this.#resources.gpu.isSoftware;
  }

  async acquire(sequences: number, context: number): Promise<DecodePlan> {
    const { gpu, library, config, parameters, limits } = this.#resources;
    const shape = rolloutShape(config, { sequences, context }, limits);
    const idle = this.#idle;
    this.#idle = undefined;
    // A plan up to four times too large still serves: rows follow the active slots, only memory is spent.
    if (
      idle &&
      idle.shape.positions === shape.positions &&
      idle.shape.slots >= shape.slots &&
      idle.shape.slots <= shape.slots * 4
    ) {
      return idle;
    }
    if (idle) this.#destroy(idle);
    const plan = await DecodePlan.create(gpu, library, config, parameters, shape, limits);
    this.#made.add(plan);
    return plan;
  }

  release(plan: ChunkPlan): void {
    const made = [...this.#made].find((other) => other === plan);
    if (!made) return; // disposed of with the engine
    if (this.#idle) this.#destroy(this.#idle);
    this.#idle = made;
  }

  snapshot(): GPUBuffer {
    const { gpu, parameters } = this.#resources;
    const buffer =
      this.#idleSnapshot ??
      gpu.device.createBuffer({
        label: 'weights of a rollout session',
        size: parameters.layout.size * 4,
        usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
      });
    this.#idleSnapshot = undefined;
    parameters.copyTo(buffer);
    return buffer;
  }

  releaseSnapshot(buffer: GPUBuffer): void {
    if (this.#idleSnapshot) buffer.destroy();
    else this.#idleSnapshot = buffer;
  }

  dispose(): void {
    this.#idleSnapshot?.destroy();
    this.#idleSnapshot = undefined;
    for (const plan of this.#made) plan.destroy();
    this.#made.clear();
    this.#idle = undefined;
  }

  #destroy(plan: DecodePlan): void {
    plan.destroy();
    this.#made.delete(plan);
  }
}
