/**
 * The flat parameters and what goes with them: AdamW's moments, the gradient's slots, and the weights packed for the products.
 *
 * The packed weights are made again, when they are next needed, after every change of the parameters.
 */
import type { NamedTensors } from '../../../policy/config.ts';
import { flattenTensors, namedTensors } from '../../layout/parameterLayout.ts';
import type { OptimizerSettings } from '../../engine.ts';
import type { Address } from '../kernelExports.ts';
import type { SimdModel } from './simdModel.ts';

export class FlatParameters {
  readonly size: number; // floats
  readonly flat: Address; // [size]
  readonly packedSize: number; // floats
  /** Steps that AdamW has taken. */
  step = 0;
  readonly #model: SimdModel;
  readonly #m: Address; // [size]
  readonly #v: Address; // [size]
  readonly #decayed: Address; // [size / 64]
  readonly #forward: Address; // [packedSize]
  readonly #backward: Address; // [packedSize]
  readonly #weights: Address;
  #slots: Address | undefined; // [slotCount, size]
  #slotCount = 0;
  #forwardIsStale = true;
  #backwardIsStale = true;

  constructor(model: SimdModel) {
    const { kernels, layout } = model;
    this.#model = model;
    this.size = layout.size;
    this.packedSize = kernels.call.packedFloats(model.address);
    const room = (count: number) => kernels.allocate(count, 'the policy and its optimizer');
    this.flat = room(this.size);
    this.#m = room(this.size);
    this.#v = room(this.size);
    this.#forward = room(this.packedSize);
    this.#backward = room(this.packedSize);
    this.#decayed = room(layout.decayedBlocks.length);
    kernels.u32(this.#decayed, layout.decayedBlocks.length).set(layout.decayedBlocks);
    this.#weights = kernels.call.createWeights(this.flat, this.#forward, this.#backward);
  }

  /** The weights as kernels read them, packed anew if they have changed. */
  weights(forTraining: boolean): Address {
    const { call } = this.#model.kernels;
    if (this.#forwardIsStale) call.packForward(this.#model.address, this.flat, this.#forward);
    this.#forwardIsStale = false;
    if (forTraining && this.#backwardIsStale) {
      call.packBackward(this.#model.address, this.flat, this.#backward);
      this.#backwardIsStale = false;
    }
    return this.#weights;
  }

  /** Copy the weights, or `tensors` instead, flat and packed. // flat [size], forward [packedSize] */
  copyTo(flat: Address, forward: Address, tensors?: NamedTensors): void {
    const { kernels } = this.#model;
    if (tensors) {
      this.#write(flat, tensors);
      kernels.call.packForward(this.#model.address, flat, forward);
      return;
    }
    this.weights(false);
    kernels.f32(flat, this.size).set(kernels.f32(this.flat, this.size));
    kernels.f32(forward, this.packedSize).set(kernels.f32(this.#forward, this.packedSize));
  }

  /** `count` gradients, one after the other. What is in them is whatever was there. // [count, size] */
  gradientSlots(count: number): Address {
    const { kernels } = this.#model;
    if (this.#slots !== undefined && count <= this.#slotCount) return this.#slots;
    if (this.#slots !== undefined) kernels.call.release(this.#slots);
    this.#slots = undefined;
    this.#slots = kernels.allocate(count * this.size, `${count} gradients at a time`);
    this.#slotCount = count;
    return this.#slots;
  }

  /** Sum the first `count` slots into the first. @returns the sum of its squares */
  sumGradients(count: number): number {
    const { call } = this.#model.kernels;
    const slots = this.gradientSlots(count);
    call.sumGradients(slots, count, this.size);
    return call.sumSquares(slots, this.size);
  }

  /** One step of AdamW along the summed gradient, multiplied with `clip`. */
  adamW(clip: number, settings: OptimizerSettings): void {
    const { call } = this.#model.kernels;
    const { learningRate, beta1, beta2, epsilon, weightDecay } = settings;
    this.step++;
    call.adamW(
      this.gradientSlots(1),
      this.#decayed,
      this.flat,
      this.#m,
      this.#v,
      this.size,
      clip,
      learningRate,
      beta1,
      beta2,
      epsilon,
      weightDecay,
      1 - beta1 ** this.step,
      1 - beta2 ** this.step,
    );
    this.#changed();
  }

  load(tensors: NamedTensors): void {
    this.#write(this.flat, tensors);
    this.#changed();
    this.resetOptimizer();
  }

  read(): NamedTensors {
    return this.#read(this.flat);
  }

  readGradient(): NamedTensors {
    return this.#read(this.gradientSlots(1));
  }

  resetOptimizer(): void {
    const { kernels } = this.#model;
    kernels.f32(this.#m, this.size).fill(0);
    kernels.f32(this.#v, this.size).fill(0);
    this.step = 0;
  }

  readMoments(): { readonly m: NamedTensors; readonly v: NamedTensors } {
    return { m: this.#read(this.#m), v: this.#read(this.#v) };
  }

  loadMoments(step: number, m: NamedTensors, v: NamedTensors): void {
    this.#write(this.#m, m);
    this.#write(this.#v, v);
    this.step = step;
  }

  #changed(): void {
    this.#forwardIsStale = true;
    this.#backwardIsStale = true;
  }

  #write(at: Address, tensors: NamedTensors): void {
    this.#model.kernels.f32(at, this.size).set(flattenTensors(this.#model.layout, tensors));
  }

  #read(at: Address): NamedTensors {
    const { kernels, layout, config } = this.#model;
    return namedTensors(layout, config, kernels.f32(at, this.size).slice());
  }
}
