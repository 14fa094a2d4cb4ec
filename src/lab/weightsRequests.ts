/**
 * Requests for a run's weights that wait for an answer: each gets one, the weights or a sentence that says why not.
 */
import type { LabEnvironment } from './environment.ts';

export type WeightsAnswer =
  | {
      readonly ok: true;
      /** A safetensors file with its config. */
      readonly bytes: Uint8Array;
      /** Of a file with them, after the run's: “stage1”, “round34”. */
      readonly name: string;
      /** Where in the run they are from, in words. */
      readonly place: string;
    }
  /** The message completes “The weights were not exported: …”. */
  | { readonly ok: false; readonly message: string };

/** Patience with a worker that was asked, milliseconds. */
export const weightsPatience = 60_000;

export class WeightsRequests {
  readonly #time: Pick<LabEnvironment, 'after'>;
  #waiting: ((answer: WeightsAnswer) => void)[] = [];

  constructor(time: Pick<LabEnvironment, 'after'>) {
    this.#time = time;
  }

  wait(): Promise<WeightsAnswer> {
    return new Promise((resolve) => {
      const cancel = this.#time.after(weightsPatience, () => {
        resolve({
          ok: false,
          message: `the trainer has not answered within ${weightsPatience / 1000} seconds.`,
        });
      });
      this.#waiting.push((answer) => {
        cancel();
        resolve(answer);
      });
    });
  }

  /** Answer all that wait. */
  settle(answer: WeightsAnswer): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve(answer);
  }
}
