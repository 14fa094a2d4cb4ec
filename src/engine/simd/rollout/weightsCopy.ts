/** Copies of the weights: those with which a rollout session began, and frozen references. One idle copy is kept for the next. */
import type { NamedTensors } from '../../../policy/config.ts';
import type { Address } from '../kernelExports.ts';
import type { FlatParameters } from '../model/flatParameters.ts';
import type { SimdModel } from '../model/simdModel.ts';

export class WeightsCopies {
  readonly #model: SimdModel;
  readonly #parameters: FlatParameters;
  #idle: WeightsCopy | undefined;

  constructor(model: SimdModel, parameters: FlatParameters) {
    this.#model = model;
    this.#parameters = parameters;
  }

  /** A copy of the present weights, or of `tensors`; hand it back with `release`. Throws a sentence on another policy's tensors. */
  take(tensors?: NamedTensors): WeightsCopy {
    const copy = this.#idle ?? this.#make();
    this.#idle = copy;
    this.#parameters.copyTo(copy.flat, copy.forward, tensors);
    this.#idle = undefined;
    return copy;
  }

  release(copy: WeightsCopy): void {
    if (!this.#idle) this.#idle = copy;
    else {
      const { call } = this.#model.kernels;
      for (const address of [copy.address, copy.flat, copy.forward]) call.release(address);
    }
  }

  #make(): WeightsCopy {
    const { kernels } = this.#model;
    const flat = kernels.allocate(this.#parameters.size, 'the weights of a rollout');
    const forward = kernels.allocate(this.#parameters.packedSize, 'the weights of a rollout');
    return { flat, forward, address: kernels.call.createWeights(flat, forward, 0) };
  }
}

export interface WeightsCopy {
  readonly address: Address; // what kernels are given
  readonly flat: Address;
  readonly forward: Address;
}
