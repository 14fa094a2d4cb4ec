/** One workspace for each thread: activations of as many rows as a task takes at once, grown when one asks for more. */
import type { Address } from '../kernelExports.ts';
import type { SimdModel } from '../model/simdModel.ts';

export class Workspaces {
  readonly #model: SimdModel;
  readonly #trains: boolean;
  readonly #table: Address; // [threads]
  readonly #threads: number;
  #rows = 0;
  #longest = 0;
  #made: Address[] = [];

  /** @param threads the host's own counted */
  constructor(model: SimdModel, threads: number, trains: boolean) {
    this.#model = model;
    this.#threads = threads;
    this.#trains = trains;
    this.#table = model.kernels.allocate(threads, 'the threads');
  }

  /**
   * The threads' workspaces, the host's last, for tasks of up to `rows` rows and sequences of up to `longest` tokens.
   * // [threads]
   */
  table(rows: number, longest: number): Address {
    if (rows > this.#rows || longest > this.#longest) this.#grow(rows, longest);
    return this.#table;
  }

  /** The host's own. */
  own(rows: number, longest: number): Address {
    this.table(rows, longest);
    return this.#made[this.#threads - 1]!;
  }

  #grow(rows: number, longest: number): void {
    const { kernels, address } = this.#model;
    for (const workspace of this.#made.splice(0)) kernels.call.releaseWorkspace(workspace);
    [this.#rows, this.#longest] = [Math.max(rows, this.#rows), Math.max(longest, this.#longest)];
    const what = this.#trains ? `training on ${this.#rows} tokens at a time` : `generating`;
    try {
      for (let i = 0; i < this.#threads; i++) {
        const make = () =>
          kernels.call.createWorkspace(address, this.#rows, this.#longest, this.#trains ? 1 : 0);
        this.#made.push(kernels.attempt(what, make));
      }
    } catch (error) {
      for (const workspace of this.#made.splice(0)) kernels.call.releaseWorkspace(workspace);
      [this.#rows, this.#longest] = [0, 0];
      throw error;
    }
    kernels.u32(this.#table, this.#threads).set(this.#made);
  }
}
