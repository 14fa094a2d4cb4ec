/** The policy's shape in the kernels' memory: where its parameters lie, and the rotary table of its positions. */
import type { PolicyConfig } from '../../../policy/config.ts';
import type { ParameterLayout } from '../../layout/parameterLayout.ts';
import { ropeTable } from '../../layout/ropeTable.ts';
import type { Address } from '../kernelExports.ts';
import type { Kernels } from '../kernels.ts';

export class SimdModel {
  readonly kernels: Kernels;
  readonly config: PolicyConfig;
  readonly layout: ParameterLayout;
  readonly address: Address;
  #rope: Address | undefined;
  #positions = 0;

  constructor(kernels: Kernels, config: PolicyConfig, layout: ParameterLayout) {
    this.kernels = kernels;
    this.config = config;
    this.layout = layout;
    this.address = kernels.call.createModel(
      config.vocabularySize,
      config.hiddenSize,
      config.layers,
      config.heads,
      config.kvHeads,
      config.headDim,
      config.intermediateSize,
      config.rmsNormEps,
    );
    const offsets = [
      ...layout.layers.flatMap((l) => [l.inputNorm, l.qkv, l.qkNorm, l.output, l.postNorm, l.gateUp, l.down]),
      layout.embedding,
      layout.finalNorm,
      layout.head,
    ].map(({ offset }) => offset);
    kernels.i32(kernels.call.modelOffsets(this.address), offsets.length).set(offsets);
  }

  /** Make the rotary table long enough for sequences of `length` tokens. */
  reach(length: number): void {
    if (length <= this.#positions) return;
    const { headDim, ropeTheta } = this.config;
    const positions = Math.max(256, 2 ** Math.ceil(Math.log2(length)));
    const table = ropeTable(positions, headDim, ropeTheta);
    const rope = this.kernels.allocate(table.length, `positions up to ${positions}`);
    this.kernels.f32(rope, table.length).set(table);
    this.kernels.call.setRope(this.address, rope);
    if (this.#rope !== undefined) this.kernels.call.release(this.#rope);
    this.#rope = rope;
    this.#positions = positions;
  }
}
